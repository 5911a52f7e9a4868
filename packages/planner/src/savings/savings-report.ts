import { SAVINGS_STEPS, type SavingsStepName } from "@berth/domain";
import type { CommitmentFigures } from "../bill/bill.ts";
import { planPrice, reservationPrice } from "../bill/commitment-price.ts";
import { fraction, plus, ZERO } from "../bill/fraction.ts";
import { type CommitmentUsage, commitmentUsage } from "../fleet/commitment-usage.ts";
import { fleetBillCase } from "../fleet/fleet-bill-case.ts";
import type { OwnedCommitment, TypePrice } from "../fleet/fleet-history.ts";
import { HOUR_MS } from "../fleet/machine-hours.ts";
import { TERM_MONTHS } from "../ladder/planning-case.ts";
import { familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { FleetLine, SavingsCase } from "./savings-case.ts";

/** Machines of a type and what they cost on demand: a row that a step's figure is the sum of. */
export interface MachineRow {
  readonly region: string;
  readonly machineType: string;
  readonly count: number;
  readonly onDemandNanoUsdPerHour: bigint;
}

/** A commitment and what it costs an hour, with its part of what is paid at the start. */
export interface CommitmentRow {
  readonly commitment: OwnedCommitment;
  readonly nanoUsdPerHour: bigint;
  /** Used / purchased: 0 to 1. */
  readonly utilization: number;
}

export interface SavingsStep {
  readonly name: SavingsStepName;
  /** What an hour costs: on demand and committed together. */
  readonly nanoUsdPerHour: bigint;
  readonly onDemandNanoUsdPerHour: bigint;
  readonly committedNanoUsdPerHour: bigint;
  /** Of machines' normalized unit-hours those that commitments cover, 0 to 1; undefined where nothing runs. */
  readonly coverage: number | undefined;
  /** Of what commitments cost, the part that was used, 0 to 1; undefined where there are none. */
  readonly utilization: number | undefined;
  readonly machines: readonly MachineRow[];
  readonly commitments: readonly CommitmentRow[];
}

export interface SavingsReport {
  readonly steps: readonly SavingsStep[];
  /** Of the first step's cost, what the last saves: 0 to 1; undefined where nothing runs. */
  readonly saving: number | undefined;
  /** Undefined where nothing is planned. */
  readonly plan:
    | {
        /** Paid at the start of the plan's purchases. */
        readonly upfrontNanoUsd: bigint;
        /** The first month, from 1, by whose end the plan has cost no more than going on without it; undefined: not within three years. */
        readonly breakEvenMonth: number | undefined;
        /**
         * Where demand falls by a fifth on the day after: what an hour costs more with the plan than with the best of it, four
         * fifths of it, and none of it, over that best. 0.03 is three in a hundred.
         */
        readonly regretAtLess: number;
      }
    | undefined;
  /** Machine types that run and could not be priced: they are in no figure. */
  readonly unbilled: readonly string[];
  /** Ids of savings plans held that count as unused, as no rate of theirs for what runs is known. */
  readonly unrated: readonly string[];
}

export const HOURS_PER_YEAR = 8_760;
const MONTHS_LOOKED_AT = 36;
const HOURS_OF_MONTH = 730n;
/** Of each hour that machines still run where demand falls by a fifth. */
const MS_AT_LESS = (HOUR_MS * 4) / 5;

/** From one machine for each instance to a packed fleet with all that is bought and planned, a bill of one hour each. */
export function savingsReport(savingsCase: SavingsCase): SavingsReport {
  const { oneEach, packed, held, plan } = savingsCase;
  const last = lastCommitments(savingsCase);
  const bill = (fleet: readonly FleetLine[], commitments: readonly OwnedCommitment[], ms = HOUR_MS) =>
    usageOf(savingsCase, fleet, commitments, ms);
  const usages = [bill(oneEach, []), bill(packed, []), bill(packed, held), bill(packed, last)] as const;
  const of = [[], [], held, last];
  const steps = SAVINGS_STEPS.map((name, index): SavingsStep => {
    const usage = usages[index] as CommitmentUsage;
    return stepOf(name, usage, machineRows(index === 0 ? oneEach : packed, savingsCase.prices), of[index] ?? []);
  });
  const [first, , withHeld, withPlan] = steps as [SavingsStep, SavingsStep, SavingsStep, SavingsStep];
  return {
    steps,
    saving: first.nanoUsdPerHour === 0n ? undefined : 1 - ratio(withPlan.nanoUsdPerHour, first.nanoUsdPerHour),
    plan: plan.length === 0 ? undefined : planFigures(savingsCase, bill, withHeld, usages[3]),
    unbilled: [...new Set(usages.flatMap(({ unbilled }) => unbilled))].toSorted(),
    unrated: usages[2].unrated,
  };
}

function lastCommitments({ held, plan, heldWithPlan = held }: SavingsCase): readonly OwnedCommitment[] {
  return plan.length === 0 ? held : [...heldWithPlan, ...plan];
}

type BillFleet = (fleet: readonly FleetLine[], commitments: readonly OwnedCommitment[], ms?: number) => CommitmentUsage;

function planFigures(
  savingsCase: SavingsCase,
  bill: BillFleet,
  withHeld: SavingsStep,
  withPlan: CommitmentUsage,
): SavingsReport["plan"] {
  const { packed, held, plan, heldWithPlan = held } = savingsCase;
  const upfronts = upfrontsOf(savingsCase);
  // What is paid at the start is paid in the first month, and again when the term is over; each month has the rest.
  const monthly = (withPlan.totals.amortizedNanoUsd - amortizedUpfront(withPlan, plan)) * HOURS_OF_MONTH;
  const less = [plan, scaled(plan), []].map(
    (bought) => bill(packed, [...heldWithPlan, ...bought], MS_AT_LESS).totals.amortizedNanoUsd,
  );
  const [best = 0n] = less.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    upfrontNanoUsd: upfronts.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0n),
    breakEvenMonth: breakEven(upfronts, monthly, withHeld.nanoUsdPerHour * HOURS_OF_MONTH),
    regretAtLess: best === 0n ? 0 : ratio(less[0] ?? 0n, best) - 1,
  };
}

function usageOf(
  { atHour, prices, rateBooks }: SavingsCase,
  fleet: readonly FleetLine[],
  commitments: readonly OwnedCommitment[],
  ms: number,
): CommitmentUsage {
  const startedMs = atHour * HOUR_MS;
  const runs = fleet.map((line) => ({ ...line, startedMs, endedMs: startedMs + ms }));
  return commitmentUsage({ fromHour: atHour, hours: 1, runs, commitments, prices, rateBooks });
}

function stepOf(
  name: SavingsStepName,
  { totals, families, reservations, plans }: CommitmentUsage,
  machines: readonly MachineRow[],
  commitments: readonly OwnedCommitment[],
): SavingsStep {
  const figures = new Map([...reservations, ...plans].map((one) => [one.id, one]));
  const rows = commitments.flatMap((commitment): CommitmentRow[] => {
    const one = figures.get(commitment.id);
    if (one === undefined || one.hours === 0) return [];
    return [{ commitment, nanoUsdPerHour: costOf(one), utilization: exactRatio(one.used, one.purchased) }];
  });
  const committed = totals.amortizedNanoUsd - totals.onDemandNanoUsd;
  const used = rows.reduce((sum, row) => sum + row.utilization * Number(row.nanoUsdPerHour), 0);
  const eligible = families.reduce((sum, one) => plus(sum, one.eligible), ZERO);
  const covered = families.reduce((sum, one) => plus(sum, plus(one.reserved, one.planned)), ZERO);
  return {
    name,
    nanoUsdPerHour: totals.amortizedNanoUsd,
    onDemandNanoUsdPerHour: totals.onDemandNanoUsd,
    committedNanoUsdPerHour: committed,
    coverage: eligible.over === 0n ? undefined : exactRatio(covered, eligible),
    utilization: committed === 0n ? undefined : used / Number(committed),
    machines,
    commitments: rows,
  };
}

/** By region and family, the smallest size first. */
function machineRows(fleet: readonly FleetLine[], prices: readonly TypePrice[]): MachineRow[] {
  const priceOf = new Map(prices.map((price) => [`${price.region} ${price.machineType}`, price.microUsdPerHour]));
  const rows = new Map<string, MachineRow>();
  for (const { region, machineType, count } of fleet) {
    const key = `${region} ${machineType}`;
    const price = priceOf.get(key);
    if (price === undefined) continue;
    const so = (rows.get(key)?.count ?? 0) + count;
    rows.set(key, { region, machineType, count: so, onDemandNanoUsdPerHour: BigInt(price) * 1_000n * BigInt(so) });
  }
  return [...rows.values()].toSorted(
    (a, b) =>
      compare(a.region, b.region) ||
      compare(familyAndSize(a.machineType)?.family, familyAndSize(b.machineType)?.family) ||
      (quarterUnits(a.machineType) ?? 0) - (quarterUnits(b.machineType) ?? 0) ||
      compare(a.machineType, b.machineType),
  );
}

function compare(a = "", b = ""): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function costOf({ recurringNanoUsd, amortizedNanoUsd }: CommitmentFigures): bigint {
  return recurringNanoUsd + amortizedNanoUsd;
}

/** An hour's part of what is paid at the start of these. */
function amortizedUpfront({ reservations, plans }: CommitmentUsage, of: readonly OwnedCommitment[]): bigint {
  const ids = new Set(of.map(({ id }) => id));
  return [...reservations, ...plans].reduce((sum, one) => (ids.has(one.id) ? sum + one.amortizedNanoUsd : sum), 0n);
}

/** What is paid at the start of a commitment, each time that its term begins. */
interface Upfront {
  readonly nanoUsd: bigint;
  readonly months: number;
}

function breakEven(upfronts: readonly Upfront[], monthlyWith: bigint, monthlyWithout: bigint): number | undefined {
  for (let month = 1; month <= MONTHS_LOOKED_AT; month++) {
    const paid = upfronts.reduce((sum, { nanoUsd, months }) => sum + nanoUsd * BigInt(Math.ceil(month / months)), 0n);
    if (paid + BigInt(month) * monthlyWith <= BigInt(month) * monthlyWithout) return month;
  }
  return undefined;
}

/** Four fifths of each. */
function scaled(plan: readonly OwnedCommitment[]): OwnedCommitment[] {
  return plan
    .map((one) => ({
      ...one,
      count: one.count === null ? null : Math.floor((one.count * 4) / 5),
      commitmentMicroUsdPerHour:
        one.commitmentMicroUsdPerHour === null ? null : Math.floor((one.commitmentMicroUsdPerHour * 4) / 5),
    }))
    .filter(({ count, commitmentMicroUsdPerHour }) => count !== 0 && commitmentMicroUsdPerHour !== 0);
}

function upfrontsOf({ plan, atHour, prices, rateBooks }: SavingsCase): Upfront[] {
  const { billCase } = fleetBillCase({ fromHour: atHour, hours: 1, runs: [], commitments: plan, prices, rateBooks });
  return [
    ...billCase.reservations.map((one) => ({ one, price: reservationPrice(one) })),
    ...billCase.plans.map((one) => ({ one, price: planPrice(one) })),
  ].map(({ one, price }) => ({ nanoUsd: price.upfrontNanoUsd, months: TERM_MONTHS[one.term] }));
}

type Exact = typeof ZERO;

/** Of two amounts, as a number for people: 0 where there is no whole. */
function exactRatio(part: Exact, whole: Exact): number {
  if (whole.over === 0n) return 0;
  const { over, under } = fraction(part.over * whole.under, part.under * whole.over);
  return Number(over) / Number(under);
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole);
}
