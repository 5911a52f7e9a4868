import type { Bill, BillTotals, CommitmentFigures, Coverage } from "../bill/bill.ts";
import { type Fraction, fraction, plus, times, ZERO } from "../bill/fraction.ts";
import { makeBill } from "../bill/make-bill.ts";
import type { RunningMachines } from "../bill/running.ts";
import { fleetBillCase } from "./fleet-bill-case.ts";
import type { FleetHistory } from "./fleet-history.ts";

/** One clock-hour: normalized units of what ran, by who paid for it, and what it cost on demand. */
export interface UsageHour {
  /** Since 1970. */
  readonly hour: number;
  readonly eligible: Fraction;
  readonly reserved: Fraction;
  readonly planned: Fraction;
  readonly onDemandNanoUsd: bigint;
}

/** What became of commitments in a range of hours, and what of the fleet they covered. */
export interface CommitmentUsage {
  readonly hours: readonly UsageHour[];
  /** Reserved instances, then savings plans, each in the order of their ids. */
  readonly reservations: readonly CommitmentFigures[];
  readonly plans: readonly CommitmentFigures[];
  readonly families: readonly Coverage[];
  readonly totals: BillTotals;
  /** Machine types that ran and could not be billed. */
  readonly unbilled: readonly string[];
  /** Ids of savings plans that count as unused, as no rate of theirs for what ran is known. */
  readonly unrated: readonly string[];
}

/** By the exact bill of what ran. Takes O(hours in which something changed x what ran in each). */
export function commitmentUsage(history: FleetHistory): CommitmentUsage {
  const { billCase, unbilled, unrated } = fleetBillCase(history);
  const bill = makeBill(billCase);
  const { reservations, plans, coverage: families, totals } = bill;
  return { hours: usageHours(bill), reservations, plans, families, totals, unbilled, unrated };
}

function usageHours({ period, lines }: Bill): UsageHour[] {
  const units = { on_demand: "eligible", reserved: "reserved", planned: "planned" } as const;
  const hours = Array.from({ length: period.hours }, (_, index) => ({
    hour: period.fromHour + index,
    eligible: ZERO,
    reserved: ZERO,
    planned: ZERO,
    onDemandNanoUsd: 0n,
  }));
  for (const line of lines) {
    if (line.kind === "recurring" || line.kind === "upfront" || line.use === undefined || !("family" in line.use))
      continue;
    const amount = unitsOf(line.use, line.quantity);
    const each = line.kind === "on_demand" ? line.nanoUsd / BigInt(line.hours) : 0n;
    for (let index = 0; index < line.hours; index++) {
      const hour = hours[line.fromHour - period.fromHour + index];
      if (hour === undefined) continue;
      hour.eligible = plus(hour.eligible, amount);
      if (line.kind !== "on_demand") hour[units[line.kind]] = plus(hour[units[line.kind]], amount);
      hour.onDemandNanoUsd += each;
    }
  }
  return hours;
}

function unitsOf({ quarterUnits }: RunningMachines, machineHours: Fraction): Fraction {
  const { over, under } = times(machineHours, quarterUnits);
  return fraction(over, under * 4n);
}

/** Of ranges of hours one after the other, with the same commitments: as if it were one range. */
export function joinUsage(parts: readonly CommitmentUsage[]): CommitmentUsage {
  const plans = joined(
    parts.flatMap((part) => part.plans),
    ({ id }) => id,
    addFigures,
  );
  const used = new Set(plans.filter((plan) => plan.used.over > 0n).map(({ id }) => id));
  const unrated = new Set(parts.flatMap((part) => part.unrated.filter((id) => !used.has(id))));
  return {
    hours: parts.flatMap(({ hours }) => hours),
    reservations: joined(
      parts.flatMap(({ reservations }) => reservations),
      ({ id }) => id,
      addFigures,
    ),
    plans,
    families: joined(
      parts.flatMap(({ families }) => families),
      ({ region, family }) => `${region} ${family}`,
      addCoverage,
    ),
    totals: parts.map(({ totals }) => totals).reduce(addTotals),
    unbilled: [...new Set(parts.flatMap(({ unbilled }) => unbilled))].toSorted(),
    unrated: [...unrated].toSorted(),
  };
}

/** Entries of the same key added up, in the order of the keys. */
function joined<T>(all: readonly T[], keyOf: (one: T) => string, add: (a: T, b: T) => T): T[] {
  const byKey = new Map<string, T>();
  for (const one of all) {
    const before = byKey.get(keyOf(one));
    byKey.set(keyOf(one), before === undefined ? one : add(before, one));
  }
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function addFigures(a: CommitmentFigures, b: CommitmentFigures): CommitmentFigures {
  return {
    id: a.id,
    hours: a.hours + b.hours,
    purchased: plus(a.purchased, b.purchased),
    used: plus(a.used, b.used),
    recurringNanoUsd: a.recurringNanoUsd + b.recurringNanoUsd,
    upfrontNanoUsd: a.upfrontNanoUsd + b.upfrontNanoUsd,
    amortizedNanoUsd: a.amortizedNanoUsd + b.amortizedNanoUsd,
  };
}

function addCoverage(a: Coverage, b: Coverage): Coverage {
  return {
    ...a,
    eligible: plus(a.eligible, b.eligible),
    reserved: plus(a.reserved, b.reserved),
    planned: plus(a.planned, b.planned),
  };
}

function addTotals(a: BillTotals, b: BillTotals): BillTotals {
  return {
    onDemandNanoUsd: a.onDemandNanoUsd + b.onDemandNanoUsd,
    recurringNanoUsd: a.recurringNanoUsd + b.recurringNanoUsd,
    upfrontNanoUsd: a.upfrontNanoUsd + b.upfrontNanoUsd,
    nanoUsd: a.nanoUsd + b.nanoUsd,
    amortizedUpfrontNanoUsd: a.amortizedUpfrontNanoUsd + b.amortizedUpfrontNanoUsd,
    amortizedNanoUsd: a.amortizedNanoUsd + b.amortizedNanoUsd,
    withoutCommitmentsNanoUsd: a.withoutCommitmentsNanoUsd + b.withoutCommitmentsNanoUsd,
  };
}
