import type { Guard } from "@berth/domain";
import { lostZones, ZONE_HOLD_MS } from "@berth/packing";
import { isReady, readyCondition } from "./node-ready.ts";
import type { PlacementObservation } from "./problem.ts";

/** Word of decisions and guards. */
const ZONE_HELD = "zone_held";

/** A zone where a pool launches nothing for a while, as it just lost its nodes there. */
export interface HeldZone {
  readonly poolId: string;
  readonly zone: string;
  readonly guard: Omit<Guard, "since">;
}

/**
 * The zones that are held by themselves. A hold begins when nodes there went silent together, and is remembered by its guard:
 * what was lost may be replaced, and its machines' rows gone, long before the zone can be trusted. It ends by itself, or
 * when an operator changes the pool after it began: only what is lost after that counts.
 */
export function heldByLoss(
  seen: Pick<PlacementObservation, "now" | "nodes" | "machines" | "guards" | "poolsChangedAt">,
): HeldZone[] {
  const { now, nodes, guards, poolsChangedAt } = seen;
  const nodeByName = new Map(nodes.map((node) => [node.metadata.name, node]));
  const isLater = (poolId: string, since: Date) => since.getTime() > Date.parse(poolsChangedAt[poolId] ?? "");
  const machines = seen.machines.flatMap(({ poolId, zone, nodeName, state }) => {
    const node = nodeByName.get(nodeName);
    if (state !== "ready" || node === undefined) return [];
    const since = new Date(readyCondition(node)?.lastTransitionTime ?? "");
    const isLost = !isReady(node) && isLater(poolId, since);
    return [{ poolId, zone, lostSince: isLost ? since : undefined }];
  });
  const lost = lostZones(machines, now).map(({ poolId, zone, lost, of }): HeldZone => {
    const hint =
      `${lost} of ${of} nodes of the pool in ${zone} went silent together: nothing is launched there for ` +
      `${ZONE_HOLD_MS / 60_000} minutes, or until the pool is changed.`;
    return { poolId, zone, guard: { name: ZONE_HELD, subject: subjectOf(poolId, zone), hint } };
  });
  const known = new Set(lost.map(({ guard }) => guard.subject));
  const remembered = guards.flatMap(({ name, subject, hint, since }): HeldZone[] => {
    const [poolId = "", zone = ""] = subject.split("/");
    const began = new Date(since);
    if (name !== ZONE_HELD || known.has(subject) || now.getTime() - began.getTime() >= ZONE_HOLD_MS) return [];
    return isLater(poolId, began) ? [{ poolId, zone, guard: { name, subject, hint } }] : [];
  });
  return [...lost, ...remembered];
}

/** Whether a guard is a hold, which is remembered by it alone. */
export function isZoneHold(guard: Guard): boolean {
  return guard.name === ZONE_HELD;
}

function subjectOf(poolId: string, zone: string): string {
  return `${poolId}/${zone}`;
}
