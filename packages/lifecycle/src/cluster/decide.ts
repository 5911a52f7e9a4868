import { decideDeletion } from "./decide-deletion.ts";
import { decideUp } from "./decide-up.ts";
import type { ClusterDecision, DesiredCluster, ObservedCluster } from "./types.ts";

/**
 * What to do next to one cluster: actions in order, the state to record, and the guards that hold.
 *
 * Pure: the same desired, observed and now (milliseconds) give the same decision, so a crash after any action repeats
 * into the same place. A cluster that somebody asked to delete is only ever taken down.
 */
export function decideCluster(desired: DesiredCluster, observed: ObservedCluster, now: number): ClusterDecision {
  return desired.deletion === undefined
    ? decideUp(desired, observed)
    : decideDeletion(desired, desired.deletion, observed, now);
}
