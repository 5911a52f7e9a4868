import { type ClusterState, type EngineWorld, type IndexMetadata, memberProcesses, shardKey } from "../model/state.ts";
import { unassignedCopy } from "./copies.ts";
import { canRemain } from "./deciders.ts";

export function replicaCount(index: IndexMetadata): number {
  return Number(index.settings["index.number_of_replicas"] ?? 1);
}

/** Adds unassigned replicas, or removes the copies that matter least. */
export function setReplicaCount(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  replicas: number,
): void {
  index.settings["index.number_of_replicas"] = String(replicas);
  const weight = { UNASSIGNED: 0, INITIALIZING: 1, RELOCATING: 2, STARTED: 3 };
  for (const group of index.shards) {
    while (group.copies.length < replicas + 1) {
      const info = { reason: "REPLICA_ADDED" as const, at: world.clock.now(), delayedUntil: null, lastNodeId: null };
      group.copies.push(unassignedCopy(false, info));
    }
    while (group.copies.length > replicas + 1) {
      const least = group.copies
        .filter((copy) => !copy.primary)
        .sort(
          (a, b) =>
            remains(world, cluster, index, a) - remains(world, cluster, index, b) || weight[a.state] - weight[b.state],
        )[0];
      if (least === undefined) break;
      group.copies = group.copies.filter((copy) => copy !== least);
      group.inSync = group.inSync.filter((id) => id !== least.allocationId);
      const holder = memberProcesses(world, cluster).find((node) => node.volume.nodeId === least.nodeId);
      if (holder !== undefined) delete holder.volume.shards[shardKey(index, group)];
    }
  }
}

function remains(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  copy: IndexMetadata["shards"][number]["copies"][number],
): number {
  const node = memberProcesses(world, cluster).find((member) => member.volume.nodeId === copy.nodeId);
  const group = index.shards.find((candidate) => candidate.copies.includes(copy));
  if (node === undefined || group === undefined) return 0;
  return canRemain({ world, cluster, index, group, copy, node }) ? 1 : 0;
}

/** `index.auto_expand_replicas` follows the data nodes that may hold a copy: those being drained do not count. */
export function expandReplicas(world: EngineWorld, cluster: ClusterState): void {
  for (const index of Object.values(cluster.indices)) {
    const range = /^(\d+)-(\d+|all)$/.exec(String(index.settings["index.auto_expand_replicas"] ?? ""));
    const group = index.shards[0];
    const copy = group?.copies[0];
    if (range === null || group === undefined || copy === undefined) continue;
    const allowed = memberProcesses(world, cluster).filter(
      (node) => node.config.holdsData && canRemain({ world, cluster, index, group, copy, node }),
    );
    if (allowed.length === 0) continue;
    const most = range[2] === "all" ? Number.POSITIVE_INFINITY : Number(range[2]);
    const replicas = Math.max(Number(range[1]), Math.min(allowed.length - 1, most));
    if (replicas !== replicaCount(index)) setReplicaCount(world, cluster, index, replicas);
  }
}
