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
 * reserved instances are idle first, the families in the order of its options; the rest where a unit of it costs least on
 * demand. That is a rule that a packer can follow, not always the cheapest there is.
 *
 * All arguments are whole numbers below 2^53. Takes O(demands x options + savings uses).
 */
export function serveHour(
  families: readonly { readonly onDemandMicroUsdPerHour: number }[],
  demands: readonly { readonly options: readonly { readonly family: number; readonly milliUnits: number }[] }[],
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
        for (const { family, milliUnits } of options) {
          // No more than idle reserved instances serve whole; a remainder below a thousandth stays in demand.
          const most = Math.min(left, Math.floor((at(idle, family) * 1_000) / milliUnits));
          use(family, Math.ceil((most * milliUnits) / 1_000));
          left -= most;
        }
      }
      if (left === 0) return;
      const costOf = (o: { family: number; milliUnits: number }) =>
        (families[o.family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour * o.milliUnits;
      const cheapest = options.reduce((best, option) => (costOf(option) < costOf(best) ? option : best));
      use(cheapest.family, Math.ceil((left * cheapest.milliUnits) / 1_000));
    });
  }
  // In thousandths of micro-dollars, so that they stay whole.
  const left = capacity.committed.map((committed) => committed * 1_000);
  const saved = Float64Array.from(capacity.savings, ({ pool, family, rate }) => {
    const milli = Math.min(at(rest, family), Math.floor((left[pool] as number) / rate));
    rest[family] = at(rest, family) - milli;
    left[pool] = (left[pool] as number) - milli * rate;
    return milli;
  });
  return { restMilliUnits: rest, reservedMilliUnits: reserved, savedMilliUnits: saved };
}
