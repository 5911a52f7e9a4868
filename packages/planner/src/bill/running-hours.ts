import { familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { BillCase, HourRange, MachineHours, Product, ProductPrice, ServiceHours } from "./bill-case.ts";
import type { RunningHour } from "./bill-hour.ts";
import { BillTooLarge, MOST_ENTRIES_BILLED, PLAN_PAIRS, RESERVATION_PAIRS } from "./bill-too-large.ts";
import { byText, type RunningMachines, type RunningService } from "./running.ts";

/** Hours in a row in which the same runs and the same commitments hold: nothing begins or ends in them but at their ends. */
export interface LikeHours extends HourRange {
  readonly hour: RunningHour;
}

/** Texts that are the same exactly for the same product. */
export function productKey({ region, machineType, platform, tenancy }: Product): string {
  return JSON.stringify([region, machineType, platform, tenancy]);
}

/**
 * The hours of a case's period in order, those between two entries' beginnings and ends taken together; each is made when it is
 * asked for. Takes O(ranges of like hours x what holds in each); throws BillTooLarge where that, with what is settled of it, is
 * more than MOST_ENTRIES_BILLED.
 */
export function* likeHours(billCase: BillCase): Generator<LikeHours> {
  const { period } = billCase;
  const end = period.fromHour + period.hours;
  const terms = [...billCase.reservations, ...billCase.plans].map(({ startHour, endHour }) => [startHour, endHour]);
  const ranges = [...billCase.machines, ...billCase.services].map(({ fromHour, hours }) => [
    fromHour,
    fromHour + hours,
  ]);
  const inside = [...terms, ...ranges].flat().filter((hour) => hour > period.fromHour && hour < end);
  const cuts = [...new Set([period.fromHour, ...inside, end])].toSorted((a, b) => a - b);

  const prices = new Map(billCase.prices.map((price) => [productKey(price), price]));
  const machines = sweep(billCase.machines, (one) => one.fromHour, rangeEnd);
  const services = sweep(billCase.services, (one) => one.fromHour, rangeEnd);
  const reservations = sweep(
    billCase.reservations,
    (one) => one.startHour,
    (one) => one.endHour,
  );
  const plans = sweep(
    billCase.plans,
    (one) => one.startHour,
    (one) => one.endHour,
  );
  let billed = 0;
  for (const [index, fromHour] of cuts.slice(0, -1).entries()) {
    const [run, served] = [machines(fromHour), services(fromHour)];
    const held = { reservations: reservations(fromHour), plans: plans(fromHour) };
    const entries = run.length + served.length;
    const [r, p] = [held.reservations.length, held.plans.length];
    billed += 1 + entries + r + p + (entries * p) / PLAN_PAIRS + (entries * r) / RESERVATION_PAIRS;
    if (billed > MOST_ENTRIES_BILLED) {
      const limit = `must have at most ${MOST_ENTRIES_BILLED} entries in all ranges of like hours together`;
      throw new BillTooLarge(`the case ${limit}, and has more by hour ${fromHour}: bill fewer hours at once`);
    }
    yield {
      fromHour,
      hours: (cuts[index + 1] ?? end) - fromHour,
      hour: { machines: runningMachines(run, prices), services: runningServices(served), ...held },
    };
  }
}

function rangeEnd({ fromHour, hours }: HourRange): number {
  return fromHour + hours;
}

/** Gives what holds in an hour; asked for hours in ascending order alone. */
function sweep<T>(all: readonly T[], from: (one: T) => number, until: (one: T) => number): (hour: number) => T[] {
  const waiting = all.toSorted((a, b) => from(b) - from(a));
  let active: T[] = [];
  return (hour) => {
    active = active.filter((one) => until(one) > hour);
    for (let next = waiting.at(-1); next !== undefined && from(next) <= hour; next = waiting.at(-1)) {
      if (until(next) > hour) active.push(next);
      waiting.pop();
    }
    return [...active];
  };
}

/** In the order of account, region, zone, machine type, platform and tenancy. Throws a RangeError for a product without a price or a size. */
function runningMachines(all: readonly MachineHours[], prices: ReadonlyMap<string, ProductPrice>): RunningMachines[] {
  const running = new Map<string, RunningMachines>();
  for (const { account, zone, region, machineType, platform, tenancy, seconds, count } of all) {
    const product = productKey({ region, machineType, platform, tenancy });
    const key = JSON.stringify([account, zone, product]);
    const before = running.get(key);
    const price = prices.get(product);
    const factor = quarterUnits(machineType);
    const family = familyAndSize(machineType)?.family;
    if (price === undefined) throw new RangeError(`no price: ${product}`);
    if (factor === undefined || family === undefined) throw new RangeError(`no size: ${machineType}`);
    const unitSeconds = BigInt(factor) * BigInt(seconds) * BigInt(count);
    running.set(key, {
      ...{ account, zone, region, machineType, platform, tenancy, family },
      quarterUnits: BigInt(factor),
      unitSeconds: (before?.unitSeconds ?? 0n) + unitSeconds,
      onDemandPicoUsd: price.onDemandPicoUsd,
      planRates: price.planRates,
    });
  }
  return [...running.values()].toSorted(
    (a, b) =>
      byText(a.account, b.account) ||
      byText(a.region, b.region) ||
      byText(a.zone, b.zone) ||
      byText(a.machineType, b.machineType) ||
      byText(a.platform, b.platform) ||
      byText(a.tenancy, b.tenancy),
  );
}

/** In the order of account, service, price on demand and rates: one entry for all that these are the same of. */
function runningServices(all: readonly ServiceHours[]): RunningService[] {
  const running = new Map<string, RunningService>();
  for (const { account, service, microUnits, onDemandPicoUsd, planRates } of all) {
    const rates = [...planRates].map(([card, rate]) => [card, rate === null ? "" : sortable(rate)]);
    const key = JSON.stringify([account, service, sortable(onDemandPicoUsd), ...rates.toSorted().flat()]);
    const before = running.get(key)?.microUnits ?? 0n;
    running.set(key, { account, service, microUnits: before + microUnits, onDemandPicoUsd, planRates });
  }
  return [...running]
    .toSorted(
      ([oneKey, a], [otherKey, b]) =>
        byText(a.account, b.account) || byText(a.service, b.service) || byText(oneKey, otherKey),
    )
    .map(([, one]) => one);
}

/** Numbers as texts that sort as they do. */
function sortable(value: bigint): string {
  return value.toString().padStart(24, "0");
}
