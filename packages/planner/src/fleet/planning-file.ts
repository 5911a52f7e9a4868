import { type Rate, TERMS, type Term } from "@berth/domain";
import { TERM_MONTHS } from "../ladder/planning-case.ts";
import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { FleetHistory, OwnedCommitment, TypePrice } from "./fleet-history.ts";
import { HOUR_MS, machineHours } from "./machine-hours.ts";

/** The rates of reserved instances in a region. */
export interface ReservedRateBook {
  readonly region: string;
  readonly rates: readonly Rate[];
}

/** What a plan of a fleet is made of: its history, what can be bought, and how it may go on. */
export interface PlanningInput extends FleetHistory {
  readonly reservedBooks: readonly ReservedRateBook[];
  /** What may not be planned with, as the rates that are estimates: each in a sentence. */
  readonly withheld: readonly string[];
  /** Of the plan. */
  readonly months: number;
}

/** The file, and what of the fleet it is without: each in a sentence. */
export interface PlanningFile {
  readonly kind: "file";
  readonly file: object;
  readonly leftOut: readonly string[];
}

/** Why a fleet cannot be planned for: too little of it is recorded, or nothing that ran has a price. */
export type NoPlanningFile =
  | { readonly kind: "short_history"; readonly hours: number; readonly needed: number }
  | { readonly kind: "nothing_ran" };

const MONTH_HOURS = 730;
const PLAN_STEP_MICRO_USD = 100_000;
const SEGMENTS = 12;
/** A plan that rests on growth for years rests on little: more a month than this is not believed. */
const MOST_GROWTH_PERCENT = 5;

interface Family {
  readonly name: string;
  readonly region: string;
  readonly unit: string;
  readonly unitMicroUsdPerHour: number;
  readonly isOf: (machineType: string) => boolean;
  readonly sizes: readonly string[];
}

/**
 * The case of `npm run plan` for a fleet, as docs/planner.md describes its file: anybody can plan it again by that command.
 *
 * A family is the machines of one in a region, in units of its xlarge or, where that is not sold, its smallest size. Demand is
 * what ran, hour by hour; it may go on as it is, grow as it grew, or fall by a fifth within half a year.
 */
export function planningFile(input: PlanningInput): PlanningFile | NoPlanningFile {
  if (input.hours < MONTH_HOURS) return { kind: "short_history", hours: input.hours, needed: MONTH_HOURS };
  const families = familiesOf(input);
  if (families.length === 0) return { kind: "nothing_ran" };
  const history = new Map(families.map((family) => [family.name, hourlyUnits(input, family)]));
  const leftOut: string[] = [...input.withheld];
  const file = {
    months: input.months,
    families: families.map(({ name, unit, unitMicroUsdPerHour, sizes }) => ({
      name,
      unit,
      onDemandUsdPerHour: usd(unitMicroUsdPerHour),
      sizes,
    })),
    history: Object.fromEntries(history),
    forecast: { segments: SEGMENTS, windowMonths: 3, scenarios: outlooks(families, history) },
    products: [...families.flatMap((family) => reservedProducts(input, family)), ...planProducts(input, families)],
    held: input.commitments.flatMap((one) => {
      const known = held(input, one, families);
      if (typeof known !== "string") return known;
      leftOut.push(`${one.id}: ${known}`);
      return [];
    }),
    discountPercent: 0,
    risk: { alphaPercent: 95, weightPercent: 10 },
    guardRails: true,
  };
  return { kind: "file", file, leftOut };
}

/** As the reader of the file has it: what costs as much as on demand is no discount, and a twentieth of it another unit. */
function isDiscount(cost: bigint, onDemand: bigint): boolean {
  return cost < onDemand && cost * 20n >= onDemand;
}

const usd = (microUsd: number) => microUsd / 1e6;

function familiesOf({ runs, prices }: PlanningInput): Family[] {
  const ran = new Map<string, { readonly region: string; readonly family: string; readonly machineType: string }>();
  for (const { region, machineType } of runs) {
    const family = familyAndSize(machineType)?.family;
    if (family === undefined || quarterUnits(machineType) === undefined) continue;
    const isFixed = FAMILIES_OF_FIXED_SIZE.has(family);
    ran.set(`${region}/${isFixed ? machineType : family}`, { region, family, machineType });
  }
  return [...ran]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { region, family, machineType }]): Family[] => {
      const isFixed = FAMILIES_OF_FIXED_SIZE.has(family);
      const sold = prices.filter((price) => price.region === region && isOfFamily(price, family));
      const unit = isFixed ? sold.find((price) => price.machineType === machineType) : unitOf(sold, family);
      if (unit === undefined) return [];
      const each = quarterUnits(unit.machineType) ?? 1;
      return [
        {
          name,
          region,
          unit: unit.machineType,
          unitMicroUsdPerHour: unit.microUsdPerHour,
          isOf: (type) => (isFixed ? type === machineType : familyAndSize(type)?.family === family),
          sizes: isFixed
            ? []
            : sold
                .filter(
                  ({ machineType: type }) => (quarterUnits(type) ?? 0) > each && (quarterUnits(type) ?? 1) % each === 0,
                )
                .map(({ machineType: type }) => type)
                .toSorted((a, b) => (quarterUnits(b) ?? 0) - (quarterUnits(a) ?? 0) || (a < b ? -1 : 1)),
        },
      ];
    });
}

function isOfFamily({ machineType }: TypePrice, family: string): boolean {
  return familyAndSize(machineType)?.family === family && quarterUnits(machineType) !== undefined;
}

function unitOf(sold: readonly TypePrice[], family: string): TypePrice | undefined {
  const smallest = sold.toSorted((a, b) => (quarterUnits(a.machineType) ?? 0) - (quarterUnits(b.machineType) ?? 0))[0];
  return sold.find(({ machineType }) => machineType === `${family}.xlarge`) ?? smallest;
}

/** Units of each hour, to three places. */
function hourlyUnits(input: PlanningInput, { region, isOf, unit }: Family): number[] {
  const unitSeconds = 3_600 * (quarterUnits(unit) ?? 1);
  const hourly = new Float64Array(input.hours);
  for (const one of machineHours({
    ...input,
    runs: input.runs.filter((run) => run.region === region && isOf(run.machineType)),
  })) {
    const each = (one.seconds * one.count * (quarterUnits(one.machineType) ?? 0)) / unitSeconds;
    for (let hour = one.fromHour; hour < one.fromHour + one.hours; hour++) {
      hourly[hour - input.fromHour] = (hourly[hour - input.fromHour] ?? 0) + each;
    }
  }
  return Array.from(hourly, (units) => Math.round(units * 1_000) / 1_000);
}

/** Of all families by what they cost on demand: the growth from the first recorded month to the last, a month. */
function outlooks(families: readonly Family[], history: ReadonlyMap<string, readonly number[]>): object[] {
  const hours = history.get(families[0]?.name ?? "")?.length ?? 0;
  const months = Math.floor(hours / MONTH_HOURS);
  const costOf = (month: number) => {
    const start = hours - (months - month) * MONTH_HOURS;
    return families.reduce((sum, { name, unitMicroUsdPerHour }) => {
      const units = history.get(name)?.slice(start, start + MONTH_HOURS) ?? [];
      return sum + unitMicroUsdPerHour * units.reduce((all, one) => all + one, 0);
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

function reservedProducts(
  { reservedBooks }: PlanningInput,
  { name, region, unit, unitMicroUsdPerHour }: Family,
): object[] {
  const rates = reservedBooks.filter((book) => book.region === region).flatMap((book) => book.rates);
  return rates
    .filter(({ machineType, term, upfrontMicroUsd, hourlyMicroUsd }) => {
      const hours = BigInt(TERMS[term].hours);
      const whole = BigInt(upfrontMicroUsd) + BigInt(hourlyMicroUsd) * hours;
      return machineType === unit && isDiscount(whole, BigInt(unitMicroUsdPerHour) * hours);
    })
    .map(({ term, offeringClass, paymentOption, upfrontMicroUsd, hourlyMicroUsd }) => ({
      kind: "reserved",
      name: `${name} ${term} ${offeringClass} ${paymentOption}`,
      family: name,
      term,
      offeringClass,
      paymentOption,
      upfrontUsd: usd(upfrontMicroUsd),
      hourlyUsd: usd(hourlyMicroUsd),
    }));
}

/** Compute Savings Plans, with the rates of all families that their books have. */
function planProducts({ rateBooks }: PlanningInput, families: readonly Family[]): object[] {
  const products = new Map<
    string,
    { readonly term: Term; readonly paymentOption: string; readonly rates: Record<string, number> }
  >();
  for (const { region, kind, rates } of rateBooks) {
    if (kind !== "compute_savings_plan") continue;
    for (const { machineType, term, paymentOption, hourlyMicroUsd } of rates) {
      const family = families.find((one) => one.region === region && one.unit === machineType);
      if (family === undefined || !isDiscount(BigInt(hourlyMicroUsd), BigInt(family.unitMicroUsdPerHour))) continue;
      const key = `compute ${term} ${paymentOption}`;
      const product = products.get(key) ?? { term, paymentOption, rates: {} };
      product.rates[family.name] = usd(hourlyMicroUsd);
      products.set(key, product);
    }
  }
  return [...products].map(([name, product]) => ({
    kind: "savings_plan",
    name,
    stepUsdPerHour: usd(PLAN_STEP_MICRO_USD),
    ...product,
  }));
}

/**
 * A commitment that has not ended, in months of the plan (those that have begun before it, begin below 0), none for what covers
 * nothing that ran, or why it is left out.
 */
function held(input: PlanningInput, one: OwnedCommitment, families: readonly Family[]): object[] | string {
  const now = input.fromHour + input.hours;
  const months = (at: Date) => Math.round((at.getTime() / HOUR_MS - now) / MONTH_HOURS);
  const endMonth = Math.max(1, months(one.endsAt));
  if (one.endsAt.getTime() <= now * HOUR_MS) return [];
  const startMonth = Math.max(endMonth - TERM_MONTHS[one.term], Math.min(months(one.startsAt), endMonth - 1));
  const term = { name: one.id, term: one.term, startMonth, endMonth };
  if (one.kind !== "reserved_instances") {
    const rates = families.flatMap((family): [string, number][] => {
      const rate = rateOf(input, one, family);
      const isRate = rate !== undefined && isDiscount(BigInt(rate), BigInt(family.unitMicroUsdPerHour));
      return isRate ? [[family.name, usd(rate)]] : [];
    });
    if (rates.length === 0) return "no rate of it is known for what runs: import its price book.";
    // Half of it may be paid at the start, in whole micro-dollars.
    const committed = (one.commitmentMicroUsdPerHour ?? 0) - ((one.commitmentMicroUsdPerHour ?? 0) % 2);
    return [
      {
        kind: "savings_plan",
        ...term,
        paymentOption: one.paymentOption,
        committedUsdPerHour: usd(committed),
        rates: Object.fromEntries(rates),
      },
    ];
  }
  const family = families.find(({ region, isOf }) => region === one.region && isOf(one.machineType ?? ""));
  if (family === undefined) return [];
  const covered = one.zone === null ? (one.count ?? 0) : Math.min(one.count ?? 0, runningAt(input, one, now));
  const units = Math.floor((covered * (quarterUnits(one.machineType ?? "") ?? 0)) / (quarterUnits(family.unit) ?? 1));
  if (units === 0)
    return one.zone === null ? `it is less than one ${family.unit}.` : "no machine of its type runs in its zone.";
  const hourlyUsd = usd(Math.round(((one.hourlyMicroUsd ?? 0) * (one.count ?? 0)) / units));
  return [{ kind: "reserved", ...term, family: family.name, units, hourlyUsd }];
}

/** Machines of a zonal commitment's own type and zone, which are all that it covers, in the last hour. */
function runningAt({ runs }: PlanningInput, { zone, machineType }: OwnedCommitment, now: number): number {
  const lastMs = now * HOUR_MS - 1;
  return runs
    .filter((run) => run.zone === zone && run.machineType === machineType)
    .filter(({ startedMs, endedMs }) => startedMs <= lastMs && (endedMs === undefined || endedMs > lastMs))
    .reduce((sum, { count }) => sum + count, 0);
}

function rateOf({ rateBooks }: PlanningInput, one: OwnedCommitment, family: Family): number | undefined {
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
