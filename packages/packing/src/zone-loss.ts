/** A machine that has come up, and since when its node is not ready or not there, or the machine has ended by itself. */
export interface MachineInZone {
  readonly poolId: string;
  readonly zone: string;
  readonly lostSince: Date | undefined;
}

/** A pool launches nothing in a zone before then. */
export interface ZoneHold {
  readonly poolId: string;
  readonly zone: string;
  readonly lost: number;
  /** Machines of the pool that had come up there. */
  readonly of: number;
}

/** So many at least, so that one broken machine holds nobody back. */
const LEAST_LOST = 2;
/** Losses further apart are no loss of a zone. */
const WITHIN_MS = 5 * 60_000;
/** A hold lasts so long: launches into a zone that is going down fail or are lost with it, and are paid for. */
export const ZONE_HOLD_MS = 15 * 60_000;

/**
 * The zones that just lost their nodes, by pool: at least two of its machines there, and half of them, within five minutes
 * of each other and not longer ago than a hold lasts. In the order of pool and zone.
 */
export function lostZones(machines: readonly MachineInZone[], now: Date): ZoneHold[] {
  const groups = new Map<string, MachineInZone[]>();
  for (const machine of machines) {
    const key = JSON.stringify([machine.poolId, machine.zone]);
    groups.set(key, [...(groups.get(key) ?? []), machine]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]): ZoneHold[] => {
      const { poolId, zone } = group[0] as MachineInZone;
      const times = group.flatMap(({ lostSince }) => (lostSince === undefined ? [] : [lostSince.getTime()]));
      const last = Math.max(...times);
      const lost = times.filter((time) => last - time <= WITHIN_MS).length;
      const isLoss = lost >= LEAST_LOST && 2 * lost >= group.length && now.getTime() - last < ZONE_HOLD_MS;
      return isLoss ? [{ poolId, zone, lost, of: group.length }] : [];
    });
}
