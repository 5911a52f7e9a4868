import {
  type ClusterState,
  type EngineWorld,
  type IndexMetadata,
  memberProcess,
  type NodeProcess,
  newId,
  type ShardCopy,
  type ShardGroup,
  type ShardRouting,
  shardKey,
  type UnassignedInfo,
} from "../model/state.ts";

export const isActive = (copy: ShardRouting): boolean => copy.state === "STARTED" || copy.state === "RELOCATING";

export function primaryOf(group: ShardGroup): ShardRouting | undefined {
  return group.copies.find((copy) => copy.primary);
}

export function unassignedCopy(primary: boolean, info: UnassignedInfo): ShardRouting {
  return {
    primary,
    state: "UNASSIGNED",
    nodeId: null,
    processUid: null,
    allocationId: null,
    relocatingTo: null,
    unassigned: info,
    dueAt: null,
  };
}

export function unassign(copy: ShardRouting, info: UnassignedInfo): void {
  Object.assign(copy, unassignedCopy(copy.primary, info));
}

/** The bytes on disk of an active copy, or undefined when its node is not there to ask. */
export function storedCopy(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting | undefined,
): ShardCopy | undefined {
  if (copy?.nodeId == null) return undefined;
  return memberProcess(world, cluster, copy.nodeId)?.volume.shards[shardKey(index, group)];
}

/** Bytes of a copy: what a test pretends, else its documents as JSON and a little. */
export function shardBytes(index: IndexMetadata, copy: ShardCopy | undefined): number {
  if (index.pretendedBytes !== null) return index.pretendedBytes;
  if (copy === undefined) return 0;
  return 250 + Object.values(copy.docs).reduce((sum, doc) => sum + JSON.stringify(doc.source).length, 0);
}

/** Begins a copy on a node; it becomes STARTED when due. */
export function beginCopy(
  world: EngineWorld,
  copy: ShardRouting,
  node: NodeProcess,
  lastsMs: number,
  allocationId?: string,
): void {
  copy.state = "INITIALIZING";
  copy.nodeId = node.volume.nodeId;
  copy.processUid = node.uid;
  copy.allocationId = allocationId ?? newId(world.random);
  copy.dueAt = world.clock.now() + lastsMs;
}

/** How long a copy over the network takes. */
export function peerRecoveryMs(world: EngineWorld, bytes: number): number {
  const [low, high] = world.timings.peerRecoveryMs;
  return world.random.integer(low, high) + Math.ceil((bytes / world.timings.recoveryBytesPerSecond) * 1000);
}

export function emptyShardCopy(index: IndexMetadata, allocationId: string): ShardCopy {
  return { allocationId, indexUuid: index.uuid, docs: {}, nextSeqNo: 0 };
}

export function cloneShardCopy(source: ShardCopy, allocationId: string): ShardCopy {
  return { ...source, allocationId, docs: { ...source.docs } };
}
