import type {
  ClusterState,
  EngineWorld,
  IndexMetadata,
  ShardGroup,
  ShardRouting,
  UnassignedInfo,
} from "../model/state.ts";
import { durationMs } from "./cluster-settings.ts";
import { isActive, primaryOf, unassign } from "./copies.ts";

const DELAY_MS = 60_000;
const RESTART_DELAY_MS = 300_000;

/**
 * Takes copies off processes that left, and promotes replicas of lost primaries at once.
 *
 * A replica that left waits for its node (a minute, or the delay of a restart that was announced) before another node
 * gets a copy; a primary without a started replica stays unassigned: the cluster is red.
 */
export function failLostCopies(world: EngineWorld, cluster: ClusterState): void {
  for (const index of Object.values(cluster.indices)) {
    for (const group of index.shards) {
      for (const copy of group.copies) failIfLost(world, cluster, index, copy);
      promote(group);
      const primary = primaryOf(group);
      // A copy that was being filled has lost its source.
      if (primary !== undefined && isActive(primary)) continue;
      for (const copy of group.copies) {
        if (copy.state === "INITIALIZING" && !copy.primary) unassign(copy, lostInfo(world, cluster, index, copy));
      }
    }
  }
  cluster.recovering = false;
}

function failIfLost(world: EngineWorld, cluster: ClusterState, index: IndexMetadata, copy: ShardRouting): void {
  const lives = (nodeId: string, processUid: string | null) => cluster.members[nodeId] === processUid;
  if (copy.nodeId === null) return;
  if (!lives(copy.nodeId, copy.processUid)) {
    unassign(copy, lostInfo(world, cluster, index, copy));
  } else if (copy.relocatingTo !== null && !lives(copy.relocatingTo.nodeId, copy.relocatingTo.processUid)) {
    copy.state = "STARTED";
    copy.relocatingTo = null;
    copy.dueAt = null;
  }
}

function lostInfo(world: EngineWorld, cluster: ClusterState, index: IndexMetadata, copy: ShardRouting): UnassignedInfo {
  const at = world.clock.now();
  const lastNodeId = copy.nodeId;
  if (cluster.recovering) return { reason: "CLUSTER_RECOVERED", at, delayedUntil: null, lastNodeId };
  const shutdown = lastNodeId === null ? undefined : cluster.shutdowns[lastNodeId];
  if (shutdown?.type === "restart") {
    const delay = shutdown.allocationDelayMs ?? RESTART_DELAY_MS;
    return { reason: "NODE_RESTARTING", at, delayedUntil: at + delay, lastNodeId };
  }
  const setting = index.settings["index.unassigned.node_left.delayed_timeout"];
  const delay = durationMs(setting === undefined ? undefined : String(setting)) ?? DELAY_MS;
  return { reason: "NODE_LEFT", at, delayedUntil: at + delay, lastNodeId };
}

/** The lost primary becomes a replica, so that the group keeps its number of copies. */
function promote(group: ShardGroup): void {
  const primary = primaryOf(group);
  if (primary === undefined || primary.state !== "UNASSIGNED") return;
  const heir = group.copies.find(
    (copy) => !copy.primary && isActive(copy) && copy.allocationId !== null && group.inSync.includes(copy.allocationId),
  );
  if (heir === undefined) return;
  primary.primary = false;
  heir.primary = true;
}
