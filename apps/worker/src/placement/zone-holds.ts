import type { Guard } from "@berth/domain";
import { lostZones, type MachineInZone, ZONE_HOLD_MS } from "@berth/packing";
import { isReady, readyCondition } from "./node-ready.ts";
import type { PlacementObservation } from "./problem.ts";

/** Word of decisions and guards. */
const ZONE_HELD = "zone_held";

/** A zone where a pool launches nothing for a while, as it just lost its machines there. */
export interface HeldZone {
  readonly poolId: string;
  readonly zone: string;
  readonly guard: Omit<Guard, "since">;
}

type Seen = Pick<PlacementObservation, "now" | "nodes" | "machines" | "lost" | "missing" | "guards" | "poolsChangedAt">;

/**
 * The zones that are held by themselves. A hold begins when machines in use there were lost together: their nodes are silent or
 * gone, or EC2 ended them and not we. It is remembered by its guard: what was lost may be replaced, and its machines' rows
 * gone, long before the zone can be trusted. It ends by itself, or when an operator changes the pool after it began: only
 * what is lost after that counts.
 */
export function heldByLoss(seen: Seen): HeldZone[] {
  const { now, guards, poolsChangedAt } = seen;
  const isLater = (poolId: string, since: Date) => since.getTime() > Date.parse(poolsChangedAt[poolId] ?? "");
  const machines = machinesInUse(seen).map(({ poolId, zone, lostSince }) => {
    const counts = lostSince !== undefined && isLater(poolId, lostSince);
    return { poolId, zone, lostSince: counts ? lostSince : undefined };
  });
  const lost = lostZones(machines, now).map(({ poolId, zone, lost, of }): HeldZone => {
    const hint =
      `${lost} of ${of} machines of the pool in ${zone} were lost together: nothing is launched there for ` +
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

/** Machines that had come up and were not ours to end, as far as is known: those that are there, and those that were lost. */
function machinesInUse({ now, nodes, machines, lost, missing }: Seen): MachineInZone[] {
  const nodeByName = new Map(nodes.map((node) => [node.metadata.name, node]));
  const standing = machines.flatMap(({ poolId, zone, nodeName, state, notReadySince }): MachineInZone[] => {
    if (state !== "ready") return [];
    const node = nodeByName.get(nodeName);
    if (node === undefined) {
      if (!missing.has(nodeName)) return [];
      return [{ poolId, zone, lostSince: notReadySince == null ? now : new Date(notReadySince) }];
    }
    const since = new Date(readyCondition(node)?.lastTransitionTime ?? "");
    return [{ poolId, zone, lostSince: isReady(node) ? undefined : since }];
  });
  return [...standing, ...lost.map(({ poolId, zone, lostAt }) => ({ poolId, zone, lostSince: new Date(lostAt) }))];
}

/** Whether a guard is a hold, which is remembered by it alone. */
export function isZoneHold(guard: Guard): boolean {
  return guard.name === ZONE_HELD;
}

function subjectOf(poolId: string, zone: string): string {
  return `${poolId}/${zone}`;
}
