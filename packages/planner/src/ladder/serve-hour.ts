import type { flexibleChoices, ReservedChoice } from "./flexible-choices.ts";
import type { DemandOption } from "./planning-case.ts";

/** What a month's commitments can do, and by which prices they are used. */
export interface Capacity {
  /** Of each family, in thousandths. */
  readonly reservedMilliUnits: Float64Array;
  /** Highest discount first. */
  readonly savings: readonly SavingsUse[];
  /** Where demand that has a choice goes: idle reserved instances, then what savings plans have left. */
  readonly choices: ReturnType<typeof flexibleChoices>;
  /** By pool: micro-dollars an hour. */
  readonly committed: readonly number[];
}

/** One family under one savings plan. */
export interface SavingsUse {
  readonly pool: number;
  readonly family: number;
  readonly rate: number;
}

/** What was left on demand in an hour, and what was used, in thousandths of units. */
export interface Served {
  readonly restMilliUnits: Float64Array;
  readonly reservedMilliUnits: Float64Array;
  /** Of each savings use, in the same order. */
  readonly savedMilliUnits: Float64Array;
}

/**
 * Serves an hour as it will be billed: reserved instances first, then savings plans by their discount (highest first), the
 * rest on demand. What a savings plan covers is rounded down to a thousandth of a unit.
 *
 * Demand that may go to several families is served after the one that has no choice: first where reserved instances are idle, then
 * where savings plans have money left beside what is on demand so far, each where it is worth most (`flexibleChoices`); the rest
 * where a unit of it costs least on demand. That is a rule that a packer can follow, not always the cheapest there is.
 *
 * All arguments are whole numbers below 2^53. Takes O(demands x options x savings plans).
 */
export function serveHour(
  families: readonly { readonly onDemandMicroUsdPerHour: number }[],
  demands: readonly { readonly options: readonly DemandOption[] }[],
  wanted: readonly number[],
  capacity: Capacity,
): Served {
  const rest = new Float64Array(families.length);
  const idle = Float64Array.from(capacity.reservedMilliUnits);
  const reserved = new Float64Array(families.length);
  const at = (list: Float64Array, index: number) => list[index] as number;
  const use = (family: number, milliUnits: number) => {
    const taken = Math.min(milliUnits, at(idle, family));
    idle[family] = at(idle, family) - taken;
    reserved[family] = at(reserved, family) + taken;
    rest[family] = at(rest, family) + milliUnits - taken;
  };
  const left = Float64Array.from(wanted);
  demands.forEach(({ options }, d) => {
    if (options.length > 1) return;
    const [{ family, milliUnits }] = options as readonly [DemandOption];
    use(family, Math.ceil((at(left, d) * milliUnits) / 1_000));
  });
  const take = ({ demand, option: { family, milliUnits } }: ReservedChoice, most: number) => {
    // No more than is served whole; a remainder below a thousandth stays in demand.
    const taken = Math.min(at(left, demand), Math.floor((most * 1_000) / milliUnits));
    const placed = Math.ceil((taken * milliUnits) / 1_000);
    use(family, placed);
    left[demand] = at(left, demand) - taken;
    return placed;
  };
  const { choices } = capacity;
  for (const choice of choices.reserved) take(choice, at(idle, choice.option.family));
  if (choices.savings.length > 0) {
    const money = payBySavings(rest, capacity).left;
    for (const choice of choices.savings) {
      const most = Math.floor((money[choice.pool] as number) / choice.rate);
      money[choice.pool] = (money[choice.pool] as number) - choice.rate * take(choice, most);
    }
  }
  demands.forEach(({ options }, d) => {
    if (options.length === 1 || at(left, d) === 0) return;
    const costOf = (o: DemandOption) =>
      (families[o.family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour * o.milliUnits;
    const cheapest = options.reduce((best, option) => (costOf(option) < costOf(best) ? option : best));
    use(cheapest.family, Math.ceil((at(left, d) * cheapest.milliUnits) / 1_000));
  });
  const { rest: restMilliUnits, saved: savedMilliUnits } = payBySavings(rest, capacity);
  return { restMilliUnits, reservedMilliUnits: reserved, savedMilliUnits };
}

/** What savings plans cover of what is on demand, what is left of it, and of their money: thousandths of micro-dollars. */
function payBySavings(onDemand: Float64Array, { savings, committed }: Capacity) {
  const rest = Float64Array.from(onDemand);
  const left = committed.map((micro) => micro * 1_000);
  const saved = Float64Array.from(savings, ({ pool, family, rate }) => {
    const milli = Math.min(rest[family] as number, Math.floor((left[pool] as number) / rate));
    rest[family] = (rest[family] as number) - milli;
    left[pool] = (left[pool] as number) - milli * rate;
    return milli;
  });
  return { rest, left, saved };
}
