import type { HeldCommitment, PlanningCase, Product } from "../ladder/planning-case.ts";

export interface HourCost {
  /** Of the rest on demand. */
  readonly nanoUsd: bigint;
  /** At prices on demand. */
  readonly coveredNanoUsd: bigint;
  /** Reserved instances at prices on demand, savings plans as committed. */
  readonly usedNanoUsd: bigint;
  readonly boughtNanoUsd: bigint;
}

/** What an hour costs with these commitments: in order, reserved instances, savings plans by discount, on demand. Plain and slow. */
export function hourCost(
  { families, demands }: PlanningCase,
  running: readonly { readonly what: Product | HeldCommitment; readonly amount: number }[],
  milliUnits: readonly number[],
): HourCost {
  const price = families.map(({ onDemandMicroUsdPerHour }) => BigInt(onDemandMicroUsdPerHour));
  const free = families.map(() => 0n);
  const rest = families.map(() => 0n);
  let [covered, used, bought] = [0n, 0n, 0n];
  for (const { what, amount } of running) {
    if (what.kind !== "reserved") continue;
    free[what.family] = (free[what.family] as bigint) + BigInt(amount) * 1_000n;
    bought += BigInt(amount) * 1_000n * (price[what.family] as bigint);
  }
  const give = (f: number, milli: bigint) => {
    const taken = milli < (free[f] as bigint) ? milli : (free[f] as bigint);
    free[f] = (free[f] as bigint) - taken;
    rest[f] = (rest[f] as bigint) + milli - taken;
    covered += taken * (price[f] as bigint);
    used += taken * (price[f] as bigint);
  };
  const upTo = (amount: bigint) => (amount + 999n) / 1_000n;
  demands.forEach(({ options }, d) => {
    const only = options.length === 1 ? options[0] : undefined;
    if (only !== undefined) give(only.family, upTo(BigInt(milliUnits[d] as number) * BigInt(only.milliUnits)));
  });
  demands.forEach(({ options }, d) => {
    if (options.length === 1) return;
    let left = BigInt(milliUnits[d] as number);
    for (const { family, milliUnits: each } of options) {
      const room = ((free[family] as bigint) * 1_000n) / BigInt(each);
      const here = room < left ? room : left;
      give(family, upTo(here * BigInt(each)));
      left -= here;
    }
    let [best] = options;
    for (const option of options) {
      const costs = (o: typeof option) => (price[o.family] as bigint) * BigInt(o.milliUnits);
      if (best === undefined || costs(option) < costs(best)) best = option;
    }
    if (best !== undefined) give(best.family, upTo(left * BigInt(best.milliUnits)));
  });

  // Purchases of one product are one pool; each plan held is one.
  const pools = new Map<Product | HeldCommitment, bigint>();
  for (const { what, amount } of running) {
    if (what.kind !== "savings_plan") continue;
    pools.set(what, (pools.get(what) ?? 0n) + BigInt(amount) * 1_000n);
    bought += BigInt(amount) * 1_000n;
  }
  const uses = [...pools.keys()].flatMap((pool) =>
    pool.kind === "savings_plan"
      ? pool.rates.flatMap((rate, f) => (rate === 0 ? [] : [{ pool, f, rate: BigInt(rate) }]))
      : [],
  );
  while (uses.length > 0) {
    // The highest discount is the lowest rate of its price; of equal ones the lowest rate.
    let best = 0;
    uses.forEach(({ f, rate }, u) => {
      const other = uses[best] as (typeof uses)[number];
      const [mine, its] = [rate * (price[other.f] as bigint), other.rate * (price[f] as bigint)];
      if (mine < its || (mine === its && rate < other.rate)) best = u;
    });
    const [use] = uses.splice(best, 1);
    if (use === undefined) break;
    const left = pools.get(use.pool) as bigint;
    const most = left / use.rate;
    const milli = most < (rest[use.f] as bigint) ? most : (rest[use.f] as bigint);
    pools.set(use.pool, left - milli * use.rate);
    rest[use.f] = (rest[use.f] as bigint) - milli;
    covered += milli * (price[use.f] as bigint);
    used += milli * use.rate;
  }
  const nanoUsd = rest.reduce((sum, milli, f) => sum + milli * (price[f] as bigint), 0n);
  return { nanoUsd, coveredNanoUsd: covered, usedNanoUsd: used, boughtNanoUsd: bought };
}
