import type { LaunchOption } from "../types.ts";
import type { Evacuation, EvacuationFleet } from "./evacuation.ts";
import type { PoolRooms } from "./pool-rooms.ts";
import type { HeldReason, RebalanceRules, RunningNode } from "./rebalance-plan.ts";

export interface Scheduled {
  readonly hour: number;
  readonly evacuation: Evacuation;
}

/**
 * Puts evacuations into hours: the greatest saving for its cost first; one that would leave too little headroom, or whose
 * machines its pool has no room for yet, waits until others made it. What never can be done is left out, with why.
 *
 * All of them must be undone in the fleet; those scheduled are applied. O(evacuations²) at worst, and O(evacuations) usually.
 */
export function scheduleEvacuations(
  nodes: readonly RunningNode[],
  fleet: EvacuationFleet,
  rooms: PoolRooms,
  evacuations: readonly Evacuation[],
  rules: RebalanceRules,
): { readonly scheduled: readonly Scheduled[]; readonly leftOut: ReadonlyMap<Evacuation, HeldReason> } {
  const nodeOf = (row: number) => nodes[row] as RunningNode;
  const firstName = ({ rows }: Evacuation) => nodeOf(rows[0] as number).name;
  let waiting = [...evacuations].sort(
    (a, b) => savingPerCost(b) - savingPerCost(a) || (firstName(a) < firstName(b) ? -1 : 1),
  );
  const scheduled: Scheduled[] = [];
  const leftOut = new Map<Evacuation, HeldReason>();
  for (let hour = 0; hour < rules.mostHours && waiting.length > 0; hour++) {
    const emptied = new Map<string, number>(hour === 0 ? Object.entries(rules.emptiedInLastHour) : []);
    const ofHour: Evacuation[] = [];
    for (let found = true; found; ) {
      found = false;
      const later: Evacuation[] = [];
      for (const one of waiting) {
        const why = whyNot(one, emptied);
        if (why !== undefined) {
          leftOut.set(one, why);
          later.push(one);
          continue;
        }
        found = true;
        const { zone } = nodeOf(one.rows[0] as number);
        emptied.set(zone, (emptied.get(zone) ?? 0) + one.rows.length);
        countAll(one.launches, 1);
        ofHour.push(one);
        leftOut.delete(one);
        scheduled.push({ hour, evacuation: one });
      }
      waiting = later;
    }
    for (const { rows } of ofHour) countAll(rows.map(nodeOf), -1);
  }
  return { scheduled, leftOut };

  function whyNot(one: Evacuation, emptied: ReadonlyMap<string, number>): HeldReason | undefined {
    const { zone } = nodeOf(one.rows[0] as number);
    if ((emptied.get(zone) ?? 0) + one.rows.length > rules.nodesPerZonePerHour) return "nodes_per_hour";
    const refused = one.launches.length === 0 ? undefined : rooms.refusal(one.launches);
    if (refused !== undefined) return refused as HeldReason;
    fleet.apply(one);
    if (!fleet.isShort(one)) return undefined;
    fleet.undo(one);
    return "headroom";
  }

  function countAll(machines: readonly Pick<LaunchOption, "poolId" | "priceMicroUsdPerHour">[], sign: 1 | -1): void {
    for (const { poolId, priceMicroUsdPerHour } of machines) rooms.count(poolId, priceMicroUsdPerHour, sign);
  }
}

function savingPerCost({ savingMicroUsdPerHour, costMicroUsd }: Evacuation): number {
  return savingMicroUsdPerHour / Math.max(1, costMicroUsd);
}
