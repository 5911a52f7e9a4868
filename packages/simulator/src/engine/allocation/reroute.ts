import {
  type ClusterState,
  type EngineWorld,
  type IndexMetadata,
  memberProcess,
  memberProcesses,
  type NodeProcess,
  newId,
  type ShardGroup,
  type ShardRouting,
  shardKey,
} from "../model/state.ts";
import { clusterSetting } from "./cluster-settings.ts";
import {
  beginCopy,
  cloneShardCopy,
  emptyShardCopy,
  isActive,
  peerRecoveryMs,
  primaryOf,
  shardBytes,
  storedCopy,
} from "./copies.ts";
import { canAllocate, canRemain, isThrottled, refusalsOf } from "./deciders.ts";
import { failLostCopies } from "./fail-copies.ts";
import { expandReplicas } from "./replicas.ts";

type Visit = (index: IndexMetadata, group: ShardGroup, copy: ShardRouting) => void;

/**
 * One round of the master's work on shards: what is lost, what is done, what can start, what must move, what may move.
 *
 * Asks to be run again when the next recovery ends or the next delay is over. Without a master nothing changes.
 *
 * What is due is judged by one instant, the round's beginning: on the real clock time passes during a round, and a recovery
 * that came due between the look at it and the look for the next one would be neither finished nor woken for.
 */
export function reroute(world: EngineWorld, cluster: ClusterState): void {
  if (cluster.masterNodeId === null) return;
  const now = world.clock.now();
  failLostCopies(world, cluster);
  expandReplicas(world, cluster);
  forEachCopy(cluster, (index, group, copy) => finishIfDue(world, cluster, index, group, copy, now));
  forEachCopy(cluster, (index, group, copy) => {
    if (copy.primary && copy.state === "UNASSIGNED") assignPrimary(world, cluster, index, group, copy);
  });
  forEachCopy(cluster, (index, group, copy) => {
    if (!copy.primary && copy.state === "UNASSIGNED") assignReplica(world, cluster, index, group, copy, now);
  });
  forEachCopy(cluster, (index, group, copy) => moveIfUnwanted(world, cluster, index, group, copy));
  rebalance(world, cluster);
  dropLeftovers(world, cluster);
  wakeForNext(world, cluster, now);
}

function forEachCopy(cluster: ClusterState, visit: Visit): void {
  for (const index of Object.values(cluster.indices)) {
    for (const group of index.shards) for (const copy of [...group.copies]) visit(index, group, copy);
  }
}

function dataNodes(world: EngineWorld, cluster: ClusterState): NodeProcess[] {
  return memberProcesses(world, cluster).filter((node) => node.config.holdsData);
}

/** Nodes that may take the copy, the least loaded first. */
function targets(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
): NodeProcess[] {
  const allowed = dataNodes(world, cluster).filter((node) => canAllocate({ world, cluster, index, group, copy, node }));
  const load = new Map(allowed.map((node) => [node, loadOf(cluster, node.volume.nodeId, index)]));
  return allowed.sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
}

/** Shards on a node, those of the same index weighing a little more. */
function loadOf(cluster: ClusterState, nodeId: string, index?: IndexMetadata): number {
  let load = 0;
  forEachCopy(cluster, (owner, _group, copy) => {
    if ((copy.relocatingTo?.nodeId ?? copy.nodeId) === nodeId) load += owner === index ? 1.5 : 1;
  });
  return load;
}

function assignPrimary(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
): void {
  if (!group.everStarted) {
    startNewPrimary(world, cluster, index, group, copy);
    return;
  }
  // Only a copy that has every acknowledged write may become primary again; filters do not keep it from its own disk.
  for (const node of dataNodes(world, cluster)) {
    const stored = node.volume.shards[shardKey(index, group)];
    if (stored === undefined || !group.inSync.includes(stored.allocationId)) continue;
    const refusals = refusalsOf({ world, cluster, index, group, copy, node });
    if (refusals.some(({ decider }) => decider === "enable" || decider === "same_shard")) continue;
    beginCopy(world, copy, node, world.timings.localRecoveryMs, stored.allocationId);
    return;
  }
}

/** An empty primary starts within the request that made its index, so it starts at once here. */
function startNewPrimary(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
): void {
  const [node] = targets(world, cluster, index, group, copy);
  if (node === undefined) {
    if (copy.unassigned !== null) copy.unassigned.refused = dataNodes(world, cluster).length > 0;
    return;
  }
  beginCopy(world, copy, node, 0);
  node.volume.shards[shardKey(index, group)] = emptyShardCopy(index, copy.allocationId ?? "");
  start(group, copy);
}

function start(group: ShardGroup, copy: ShardRouting): void {
  copy.state = "STARTED";
  copy.dueAt = null;
  copy.unassigned = null;
  group.everStarted = true;
  if (copy.allocationId !== null && !group.inSync.includes(copy.allocationId)) group.inSync.push(copy.allocationId);
}

function assignReplica(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
  now: number,
): void {
  const primary = primaryOf(group);
  if (primary === undefined || !isActive(primary)) return;
  const allowed = targets(world, cluster, index, group, copy);
  const key = shardKey(index, group);
  const old = allowed.find((node) => node.volume.shards[key] !== undefined);
  const delayed = (copy.unassigned?.delayedUntil ?? 0) > now;
  const node = old ?? (delayed ? undefined : allowed[0]);
  if (node === undefined || isThrottled(world, cluster, [node.volume.nodeId])) return;
  const source = storedCopy(world, cluster, index, group, primary);
  const lastsMs = old === undefined ? peerRecoveryMs(world, shardBytes(index, source)) : world.timings.localRecoveryMs;
  beginCopy(world, copy, node, lastsMs);
}

function finishIfDue(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
  now: number,
): void {
  if (copy.dueAt === null || copy.dueAt > now) return;
  const key = shardKey(index, group);
  if (copy.relocatingTo !== null) {
    if (world.relocationsStall) return;
    const target = memberProcess(world, cluster, copy.relocatingTo.nodeId);
    const source = memberProcess(world, cluster, copy.nodeId ?? "");
    const stored = source?.volume.shards[key];
    if (target === undefined || source === undefined || stored === undefined) return;
    target.volume.shards[key] = cloneShardCopy(stored, copy.relocatingTo.allocationId);
    delete source.volume.shards[key];
    group.inSync = group.inSync.filter((id) => id !== copy.allocationId);
    copy.nodeId = copy.relocatingTo.nodeId;
    copy.processUid = copy.relocatingTo.processUid;
    copy.allocationId = copy.relocatingTo.allocationId;
    copy.relocatingTo = null;
    start(group, copy);
  } else if (copy.state === "INITIALIZING") {
    if (!copy.primary) {
      const source = storedCopy(world, cluster, index, group, primaryOf(group));
      const node = memberProcess(world, cluster, copy.nodeId ?? "");
      if (source === undefined || node === undefined) return;
      node.volume.shards[key] = cloneShardCopy(source, copy.allocationId ?? "");
    }
    start(group, copy);
  }
}

/** Copies on nodes that are being drained or are too full leave for another node, when one will have them. */
function moveIfUnwanted(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
): void {
  if (copy.state !== "STARTED") return;
  const node = memberProcess(world, cluster, copy.nodeId ?? "");
  if (node === undefined || canRemain({ world, cluster, index, group, copy, node })) return;
  const [target] = targets(world, cluster, index, group, copy);
  if (target !== undefined) relocate(world, cluster, index, group, copy, target);
}

function relocate(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
  target: NodeProcess,
): boolean {
  if (isThrottled(world, cluster, [copy.nodeId, target.volume.nodeId])) return false;
  const bytes = shardBytes(index, storedCopy(world, cluster, index, group, copy));
  copy.state = "RELOCATING";
  copy.relocatingTo = { nodeId: target.volume.nodeId, processUid: target.uid, allocationId: newId(world.random) };
  copy.dueAt = world.clock.now() + peerRecoveryMs(world, bytes);
  return true;
}

/** Evens out the number of shards, two moves at a time, and only while every shard is active (the defaults). */
function rebalance(world: EngineWorld, cluster: ClusterState): void {
  if ((clusterSetting(world, cluster, "cluster.routing.rebalance.enable") ?? "all") === "none") return;
  let moving = 0;
  let active = true;
  forEachCopy(cluster, (_index, _group, copy) => {
    if (copy.relocatingTo !== null) moving++;
    active = active && isActive(copy);
  });
  const limit = Number(clusterSetting(world, cluster, "cluster.routing.allocation.cluster_concurrent_rebalance") ?? 2);
  while (active && moving < limit && moveOne(world, cluster)) moving++;
}

function moveOne(world: EngineWorld, cluster: ClusterState): boolean {
  const nodes = dataNodes(world, cluster);
  const load = new Map(nodes.map((node) => [node.volume.nodeId, loadOf(cluster, node.volume.nodeId)]));
  const fullest = [...nodes].sort((a, b) => (load.get(b.volume.nodeId) ?? 0) - (load.get(a.volume.nodeId) ?? 0))[0];
  if (fullest === undefined) return false;
  const most = load.get(fullest.volume.nodeId) ?? 0;
  let moved = false;
  forEachCopy(cluster, (index, group, copy) => {
    if (moved || copy.state !== "STARTED" || copy.nodeId !== fullest.volume.nodeId) return;
    const target = targets(world, cluster, index, group, copy).find(
      (node) => most - (load.get(node.volume.nodeId) ?? 0) >= 2,
    );
    if (target !== undefined) moved = relocate(world, cluster, index, group, copy, target);
  });
  return moved;
}

/** Deletes what members still have of shards that are complete elsewhere, and of indices that are gone. */
function dropLeftovers(world: EngineWorld, cluster: ClusterState): void {
  const wanted = new Map<string, { group: ShardGroup; complete: boolean }>();
  for (const index of Object.values(cluster.indices)) {
    for (const group of index.shards) {
      const complete = group.copies.every(isActive);
      if (complete) group.inSync = group.copies.flatMap((copy) => copy.allocationId ?? []);
      wanted.set(shardKey(index, group), { group, complete });
    }
  }
  for (const node of memberProcesses(world, cluster)) {
    const nodeId = node.volume.nodeId;
    for (const key of Object.keys(node.volume.shards)) {
      const shard = wanted.get(key);
      const here = shard?.group.copies.some((copy) => copy.nodeId === nodeId) === true;
      if (shard === undefined || (shard.complete && !here)) delete node.volume.shards[key];
    }
  }
}

function wakeForNext(world: EngineWorld, cluster: ClusterState, now: number): void {
  let next = Number.POSITIVE_INFINITY;
  forEachCopy(cluster, (_index, _group, copy) => {
    for (const at of [copy.dueAt, copy.unassigned?.delayedUntil ?? null]) {
      if (at !== null && at > now) next = Math.min(next, at);
    }
  });
  if (next !== Number.POSITIVE_INFINITY) world.wakeAt(cluster.name, next);
}
