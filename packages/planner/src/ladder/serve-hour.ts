/** What a month's commitments can do, and by which prices they are used. */
export interface Capacity {
  /** Of each family, in thousandths. */
  readonly reservedMilliUnits: Float64Array;
  /** Highest discount first. */
  readonly savings: readonly SavingsUse[];
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
 * Demand that may go to several families is served after the one that has no choice, in the order of the demands: where
 * reserved instances are idle first, the families in the order of its options; then where savings plans have money left beside
 * what is on demand so far, where a unit of the demand takes least of it first; the rest where a unit of it costs least on
 * demand. That is a rule that a packer can follow, not always the cheapest there is.
 *
 * All arguments are whole numbers below 2^53. Takes O(demands x options x savings uses).
 */
export function serveHour(
  families: readonly { readonly onDemandMicroUsdPerHour: number }[],
  demands: readonly { readonly options: readonly Option[] }[],
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
  for (const isFlexible of [false, true]) {
    demands.forEach(({ options }, d) => {
      if (options.length > 1 !== isFlexible) return;
      let left = wanted[d] as number;
      if (isFlexible) {
        const take = ({ family, milliUnits }: Option, most: number) => {
          // No more than is served whole; a remainder below a thousandth stays in demand.
          const taken = Math.min(left, Math.floor((most * 1_000) / milliUnits));
          const placed = Math.ceil((taken * milliUnits) / 1_000);
          use(family, placed);
          left -= taken;
          return placed;
        };
        for (const option of options) take(option, at(idle, option.family));
        if (left > 0 && capacity.savings.length > 0) {
          const money = payBySavings(rest, capacity).left;
          for (const { option, pool, rate } of savingsChoices(options, capacity)) {
            money[pool] = (money[pool] as number) - rate * take(option, Math.floor((money[pool] as number) / rate));
          }
        }
      }
      if (left === 0) return;
      const costOf = (o: Option) =>
        (families[o.family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour * o.milliUnits;
      const cheapest = options.reduce((best, option) => (costOf(option) < costOf(best) ? option : best));
      use(cheapest.family, Math.ceil((left * cheapest.milliUnits) / 1_000));
    });
  }
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

/** Where demand may use a plan's money: where a unit of it takes least first; of equal ones in the order of the uses. */
function savingsChoices(options: readonly Option[], { savings }: Capacity) {
  const choices = savings.flatMap(({ pool, family, rate }) => {
    const option = options.find((one) => one.family === family);
    return option === undefined ? [] : [{ option, pool, rate }];
  });
  return choices.toSorted((a, b) => a.rate * a.option.milliUnits - b.rate * b.option.milliUnits);
}

interface Option {
  readonly family: number;
  readonly milliUnits: number;
}
