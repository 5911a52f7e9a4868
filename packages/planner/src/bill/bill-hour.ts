import { applyPlans, type PlannedUse, type Uncovered } from "./apply-plans.ts";
import { applyReservations, type ReservedUse } from "./apply-reservations.ts";
import type { Reservation, SavingsPlan } from "./bill-case.ts";
import { type Fraction, fraction, minus, plus, ZERO } from "./fraction.ts";
import type { Rules, RunningMachines, RunningService } from "./running.ts";

/** What runs in one clock-hour, and the commitments whose term it is part of. */
export interface RunningHour {
  /** One entry for each account, zone and product. */
  readonly machines: readonly RunningMachines[];
  readonly services: readonly RunningService[];
  readonly reservations: readonly Reservation[];
  readonly plans: readonly SavingsPlan[];
}

/** Who pays for what ran in one clock-hour. The three together are all of it, and nothing twice. */
export interface SettledHour {
  readonly reserved: readonly ReservedUse[];
  readonly planned: readonly PlannedUse[];
  readonly onDemand: readonly Uncovered[];
}

const SECONDS_OF_HOUR = 3_600n;
const MICRO = 1_000_000n;

export function machineHours({ quarterUnits }: RunningMachines, unitSeconds: bigint): Fraction {
  return fraction(unitSeconds, quarterUnits * SECONDS_OF_HOUR);
}

export function units({ microUnits }: RunningService): Fraction {
  return fraction(microUnits, MICRO);
}

/** Applies reservations, then plans to what they leave; the rest is on demand. No hour knows of another. */
export function settleHour({ machines, services, reservations, plans }: RunningHour, rules: Rules): SettledHour {
  const reserved = applyReservations(machines, reservations, rules);
  const reservedOf = new Map<RunningMachines, bigint>();
  for (const { machines: of, unitSeconds } of reserved) reservedOf.set(of, (reservedOf.get(of) ?? 0n) + unitSeconds);
  const uncovered: Uncovered[] = [
    ...machines.map((use) => ({
      use,
      quantity: machineHours(use, use.unitSeconds - (reservedOf.get(use) ?? 0n)),
    })),
    ...services.map((use) => ({ use, quantity: units(use) })),
  ].filter(({ quantity }) => quantity.over > 0n);

  const planned = applyPlans(uncovered, plans, rules);
  const plannedOf = new Map<RunningMachines | RunningService, Fraction>();
  for (const { use, quantity } of planned) plannedOf.set(use, plus(plannedOf.get(use) ?? ZERO, quantity));
  const onDemand = uncovered
    .map(({ use, quantity }) => ({ use, quantity: minus(quantity, plannedOf.get(use) ?? ZERO) }))
    .filter(({ quantity }) => quantity.over > 0n);
  return { reserved, planned, onDemand };
}
