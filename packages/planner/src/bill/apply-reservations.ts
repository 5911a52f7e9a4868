import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { Reservation } from "./bill-case.ts";
import { byText, type Rules, type RunningMachines } from "./running.ts";

/** Machines that a reservation pays for: so many of their unit-seconds. */
export interface ReservedUse {
  readonly reservation: Reservation;
  readonly machines: RunningMachines;
  readonly unitSeconds: bigint;
}

/** A reservation covers so many seconds of its own size, of all machines together, in each clock-hour. */
const SECONDS_OF_HOUR = 3_600n;

/** Unit-seconds that a reservation covers in each clock-hour. */
export function reservedUnitSeconds({ machineType, count }: Reservation): bigint {
  return SECONDS_OF_HOUR * BigInt(count) * BigInt(quarterUnits(machineType) ?? 0);
}

/**
 * What each reservation covers in one clock-hour, steps 1 to 4 of the order in docs/planner.md: zonal ones on machines of
 * their own account, zonal ones on those of others, regional ones on their own account's, regional ones on those of others.
 *
 * In a step reservations come in the order of their ids, and each takes the smallest machines first; machines of one size in
 * the order of account, machine type and zone. Part of a machine is covered pro rata. Takes O(reservations x machines of the
 * same region, family, platform and tenancy).
 */
export function applyReservations(
  machines: readonly RunningMachines[],
  reservations: readonly Reservation[],
  { shares, sizeFlexibility }: Rules,
): ReservedUse[] {
  if (reservations.length === 0 || machines.length === 0) return [];
  const rest = new Map<RunningMachines, bigint>();
  const candidates = new Map<string, RunningMachines[]>();
  for (const one of machines.toSorted(bySize)) {
    rest.set(one, one.unitSeconds);
    const key = groupOf(one, one.family);
    const group = candidates.get(key);
    if (group === undefined) candidates.set(key, [one]);
    else group.push(one);
  }

  const uses: ReservedUse[] = [];
  const unused = new Map(reservations.map((reservation) => [reservation, reservedUnitSeconds(reservation)]));
  const inOrder = reservations.toSorted((a, b) => byText(a.id, b.id));
  for (const zonal of [true, false]) {
    for (const own of [true, false]) {
      for (const reservation of inOrder) {
        if ((reservation.zone !== undefined) !== zonal) continue;
        const family = familyAndSize(reservation.machineType)?.family ?? "";
        const flexible = sizeFlexibility && isSizeFlexible(reservation, family);
        for (const one of candidates.get(groupOf(reservation, family)) ?? []) {
          const left = unused.get(reservation) ?? 0n;
          if (left === 0n) break;
          if ((one.account === reservation.account) !== own) continue;
          if (!own && !shares(reservation.account, one.account)) continue;
          if (zonal && one.zone !== reservation.zone) continue;
          if (!flexible && one.machineType !== reservation.machineType) continue;
          const wanted = rest.get(one) ?? 0n;
          const unitSeconds = wanted < left ? wanted : left;
          if (unitSeconds === 0n) continue;
          uses.push({ reservation, machines: one, unitSeconds });
          rest.set(one, wanted - unitSeconds);
          unused.set(reservation, left - unitSeconds);
        }
      }
    }
  }
  return uses;
}

/** Whether it covers other sizes of its family: a regional one of Linux on shared hardware, of no family of fixed size. */
function isSizeFlexible({ zone, platform, tenancy }: Reservation, family: string): boolean {
  return zone === undefined && platform === "linux" && tenancy === "default" && !FAMILIES_OF_FIXED_SIZE.has(family);
}

function groupOf({ region, platform, tenancy }: RunningMachines | Reservation, family: string): string {
  return JSON.stringify([region, family, platform, tenancy]);
}

function bySize(a: RunningMachines, b: RunningMachines): number {
  return (
    Number(a.quarterUnits - b.quarterUnits) ||
    byText(a.account, b.account) ||
    byText(a.machineType, b.machineType) ||
    byText(a.zone, b.zone)
  );
}
