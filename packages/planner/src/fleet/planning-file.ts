import { TERM_MONTHS } from "../ladder/planning-case.ts";
import { familyAndSize } from "../terms/size-factor.ts";
import type { DemandBase, DemandInput, FleetDemands } from "./demand-base.ts";
import { fleetDemands } from "./fleet-demands.ts";
import type { OwnedCommitment } from "./fleet-history.ts";
import { HOUR_MS } from "./machine-hours.ts";
import { type FleetFamily, familyNameOf, unitsOf } from "./plan-family.ts";
import { isDiscount, planProducts, type ReservedRateBook, ratesOf, reservedProducts, usd } from "./plan-products.ts";
import { worthwhileFamilies } from "./worthwhile-families.ts";

/** What a plan of a fleet is made of: what there is demand for, what can be bought, and how long it may go on. */
export interface PlanningInput extends DemandInput {
  readonly reservedBooks: readonly ReservedRateBook[];
  /** What may not be planned with, as the rates that are estimates: each in a sentence. */
  readonly withheld: readonly string[];
  /** Of the plan. */
  readonly months: number;
}

/** The file, what its demand was made of, and what of the fleet it is without: each in a sentence. */
export interface PlanningFile {
  readonly kind: "file";
  readonly file: object;
  readonly base: readonly DemandBase[];
  readonly leftOut: readonly string[];
}

/** Why a fleet cannot be planned for: too little of it is recorded, or nothing that ran has a price. */
export type NoPlanningFile =
  | { readonly kind: "short_history"; readonly hours: number; readonly needed: number }
  | { readonly kind: "nothing_ran" };

const MONTH_HOURS = 730;
/** Of history: before that there is no plan. */
export const LEAST_HOURS = MONTH_HOURS;
const SEGMENTS = 12;
/** A plan that rests on growth for years rests on little: more a month than this is not believed. */
const MOST_GROWTH_PERCENT = 5;

/**
 * The case of `npm run plan` for a fleet, as docs/planner.md describes its file: anybody can plan it again by that command.
 *
 * Demand is what `fleetDemands` makes of the fleet; it may go on as it is, grow as it grew, or fall by a fifth within half a year.
 */
export function planningFile(input: PlanningInput): PlanningFile | NoPlanningFile {
  if (input.hours < LEAST_HOURS) return { kind: "short_history", hours: input.hours, needed: LEAST_HOURS };
  const fleet = fleetDemands(input);
  if (fleet.demands.length === 0) return { kind: "nothing_ran" };
  const reserved = fleet.families.flatMap((family) => reservedProducts(input.reservedBooks, family));
  const savings = planProducts(input.rateBooks, fleet.families);
  const { demands, bought } = worthwhileFamilies(
    fleet.demands,
    fleet.families,
    (family) => ratesOf([...reserved, ...savings], family),
    (family) => input.commitments.some((one) => isOfFamily(one, family)),
  );
  const used = new Set(demands.flatMap((demand) => demand.families.map(({ family }) => family)));
  const families = fleet.families.filter(({ name }) => used.has(name));
  const unpriced = fleet.unpriced.map((name) => `${name}: no price on demand of it is known: import its price book.`);
  const leftOut = [...input.withheld, ...unpriced];
  const file = {
    months: input.months,
    families: families.map(({ name, region, unit, unitMicroUsdPerHour, sizes }) => ({
      name,
      region,
      unit,
      onDemandUsdPerHour: usd(unitMicroUsdPerHour),
      sizes,
    })),
    demands: demands.map(({ name, families: options }) => ({ name, families: options })),
    history: Object.fromEntries(demands.map(({ name, hourlyUnits }) => [name, hourlyUnits])),
    forecast: { segments: SEGMENTS, windowMonths: 3, scenarios: outlooks(fleet, input.hours) },
    products: [...reserved.filter(({ family }) => bought.has(family)), ...planProducts(input.rateBooks, families)],
    held: input.commitments.flatMap((one) => {
      const { entries, without } = held(input, one, families, fleet.base);
      if (without !== undefined) leftOut.push(`${one.id}: ${without}`);
      return entries;
    }),
    discountPercent: 0,
    risk: { alphaPercent: 95, weightPercent: 10 },
    guardRails: true,
  };
  return { kind: "file", file, base: fleet.base, leftOut };
}

/** Whether it covers any machine of a family: zonal ones cover their own type alone, and those of any family all of them. */
function isOfFamily({ kind, region, zone, family, machineType }: OwnedCommitment, name: string): boolean {
  if (region === null || kind === "compute_savings_plan") return false;
  if (kind === "ec2_instance_savings_plan") return `${region}/${family}` === name;
  return zone === null && familyNameOf({ region, machineType: machineType ?? "" }) === name;
}

/** Of all demands by what their own families cost on demand: the growth from the first recorded month to the last, a month. */
function outlooks({ families, demands, recordedFrom }: FleetDemands, hours: number): object[] {
  const months = Math.floor((hours - recordedFrom) / MONTH_HOURS);
  const costOf = (month: number) => {
    const start = hours - (months - month) * MONTH_HOURS;
    return demands.reduce((sum, { name, hourlyUnits }) => {
      const price = families.find((family) => family.name === name)?.unitMicroUsdPerHour ?? 0;
      return sum + price * hourlyUnits.slice(start, start + MONTH_HOURS).reduce((all, one) => all + one, 0);
    }, 0);
  };
  const [first, last] = [costOf(0), costOf(months - 1)];
  const monthly = months < 2 || first === 0 ? 0 : ((last / first) ** (1 / (months - 1)) - 1) * 100;
  const growth = Math.round(Math.max(-MOST_GROWTH_PERCENT, Math.min(MOST_GROWTH_PERCENT, monthly)) * 100) / 100;
  return [
    { name: "as it is", weight: 2 },
    {
      name: "as it went",
      weight: 1,
      growthPercentPerMonth: Math.max(0, growth),
      churnPercentPerMonth: Math.max(0, -growth),
    },
    { name: "a fifth less", weight: 1, toPercent: 80, overMonths: 6 },
  ];
}

interface Held {
  readonly entries: readonly object[];
  /** Why it, or a part of it, is left out. */
  readonly without?: string;
}

/** A commitment that has not ended, in months of the plan: those that have begun before it begin below 0. */
function held(
  input: PlanningInput,
  one: OwnedCommitment,
  families: readonly FleetFamily[],
  base: readonly DemandBase[],
): Held {
  const now = input.fromHour + input.hours;
  const months = (at: Date) => Math.round((at.getTime() / HOUR_MS - now) / MONTH_HOURS);
  const endMonth = Math.max(1, months(one.endsAt));
  if (one.endsAt.getTime() <= now * HOUR_MS) return { entries: [] };
  const startMonth = Math.max(endMonth - TERM_MONTHS[one.term], Math.min(months(one.startsAt), endMonth - 1));
  const term = { name: one.id, term: one.term, startMonth, endMonth };
  if (one.kind !== "reserved_instances") {
    const rates = families.flatMap((family): [string, number][] => {
      const rate = rateOf(input, one, family);
      const isRate = rate !== undefined && isDiscount(BigInt(rate), BigInt(family.unitMicroUsdPerHour));
      return isRate ? [[family.name, usd(rate)]] : [];
    });
    if (rates.length === 0) {
      return { entries: [], without: "no rate of it is known for what is planned for: import its price book." };
    }
    // Half of it may be paid at the start, in whole micro-dollars.
    const committed = (one.commitmentMicroUsdPerHour ?? 0) - ((one.commitmentMicroUsdPerHour ?? 0) % 2);
    const { paymentOption } = one;
    const plan = { paymentOption, committedUsdPerHour: usd(committed), rates: Object.fromEntries(rates) };
    return { entries: [{ kind: "savings_plan", ...term, ...plan }] };
  }
  const family = families.find(({ region, isOf }) => region === one.region && isOf(one.machineType ?? ""));
  if (family === undefined) return { entries: [], without: "nothing that is planned for may run on its machines." };
  const isPacked = base.some(({ region, kind }) => region === one.region && kind === "packed");
  const there = isPacked ? packedIn(input, one) : runningIn(input, one, now);
  const count = one.count ?? 0;
  const covered = one.zone === null ? count : Math.min(count, there);
  const units = Math.floor(covered * unitsOf(family, one.machineType ?? ""));
  if (units === 0) {
    const without =
      one.zone === null ? `it is less than one ${family.unit}.` : "no machine of its type is planned for in its zone.";
    return { entries: [], without };
  }
  // What covers nothing is paid with the plan and without it.
  const hourlyUsd = usd(Math.round(((one.hourlyMicroUsd ?? 0) * covered) / units));
  const entries = [{ kind: "reserved", ...term, family: family.name, units, hourlyUsd }];
  if (covered === count) return { entries };
  const without = `${count - covered} of its ${count} machines cover nothing that is planned for in its zone; their charge is in no cost.`;
  return { entries, without };
}

/** Machines of a zonal commitment's own type and zone, which are all that it covers: in the last hour. */
function runningIn({ runs }: PlanningInput, { zone, machineType }: OwnedCommitment, now: number): number {
  const lastMs = now * HOUR_MS - 1;
  return runs
    .filter((run) => run.zone === zone && run.machineType === machineType)
    .filter(({ startedMs, endedMs }) => startedMs <= lastMs && (endedMs === undefined || endedMs > lastMs))
    .reduce((sum, { count }) => sum + count, 0);
}

/** The same, of the machines that instances come to. */
function packedIn({ kubes }: PlanningInput, { region, zone, machineType }: OwnedCommitment): number {
  return kubes
    .filter((kube) => kube.region === region)
    .flatMap((kube) => (kube.isPacked ? kube.machines : []))
    .filter((one) => one.zone === zone && one.machineType === machineType)
    .reduce((sum, { count }) => sum + count, 0);
}

function rateOf({ rateBooks }: PlanningInput, one: OwnedCommitment, family: FleetFamily): number | undefined {
  if (one.kind === "ec2_instance_savings_plan") {
    if (one.region !== family.region || one.family !== familyAndSize(family.unit)?.family) return undefined;
  }
  return rateBooks
    .filter(({ kind, region }) => kind === one.kind && region === family.region)
    .flatMap(({ rates }) => rates)
    .find(
      (rate) => rate.machineType === family.unit && rate.term === one.term && rate.paymentOption === one.paymentOption,
    )?.hourlyMicroUsd;
}
