import type { ClusterState, EngineWorld, IndexMetadata } from "../model/state.ts";
import { memberProcesses } from "../model/state.ts";
import { isActive, primaryOf } from "./copies.ts";

export type HealthStatus = "green" | "yellow" | "red";

export interface ShardCounts {
  status: HealthStatus;
  activePrimary: number;
  active: number;
  relocating: number;
  initializing: number;
  unassigned: number;
  unassignedPrimary: number;
  delayed: number;
}

const WORSE: Readonly<Record<HealthStatus, number>> = { green: 0, yellow: 1, red: 2 };

/**
 * Red: a primary is missing, but for a new index's that nobody has looked at yet; yellow: some copy is. (A new primary that
 * the deciders let nowhere is red: seen on 8.19.21.)
 */
export function countShards(indices: readonly IndexMetadata[], now: number): ShardCounts {
  const counts: ShardCounts = {
    status: "green",
    activePrimary: 0,
    active: 0,
    relocating: 0,
    initializing: 0,
    unassigned: 0,
    unassignedPrimary: 0,
    delayed: 0,
  };
  const worsen = (status: HealthStatus) => {
    if (WORSE[status] > WORSE[counts.status]) counts.status = status;
  };
  for (const index of indices) {
    for (const group of index.shards) {
      const primary = primaryOf(group);
      if (primary === undefined || !isActive(primary)) {
        worsen(group.everStarted || primary?.unassigned?.refused === true ? "red" : "yellow");
      }
      for (const copy of group.copies) {
        if (isActive(copy)) {
          counts.active++;
          if (copy.primary) counts.activePrimary++;
          if (copy.state === "RELOCATING") counts.relocating++;
          continue;
        }
        worsen("yellow");
        if (copy.state === "INITIALIZING") counts.initializing++;
        else counts.unassigned++;
        if (copy.state === "UNASSIGNED" && copy.primary) counts.unassignedPrimary++;
        if ((copy.unassigned?.delayedUntil ?? 0) > now && copy.state === "UNASSIGNED") counts.delayed++;
      }
    }
  }
  return counts;
}

/** The body of `_cluster/health`, in the engine's own names. */
export function healthBody(world: EngineWorld, cluster: ClusterState, indices: readonly IndexMetadata[]) {
  const counts = countShards(indices, world.clock.now());
  const members = memberProcesses(world, cluster);
  const total = counts.active + counts.initializing + counts.unassigned;
  return {
    cluster_name: cluster.name,
    status: world.clock.now() < cluster.recoveredAt ? ("red" as const) : counts.status,
    timed_out: false,
    number_of_nodes: members.length,
    number_of_data_nodes: members.filter((node) => node.config.holdsData).length,
    ...(cluster.engine === "opensearch" ? { discovered_master: true, discovered_cluster_manager: true } : {}),
    active_primary_shards: counts.activePrimary,
    active_shards: counts.active,
    relocating_shards: counts.relocating,
    initializing_shards: counts.initializing,
    unassigned_shards: counts.unassigned,
    ...(cluster.engine === "elasticsearch" ? { unassigned_primary_shards: counts.unassignedPrimary } : {}),
    delayed_unassigned_shards: counts.delayed,
    number_of_pending_tasks: 0,
    number_of_in_flight_fetch: 0,
    task_max_waiting_in_queue_millis: 0,
    active_shards_percent_as_number: total === 0 ? 100 : (counts.active / total) * 100,
  };
}
