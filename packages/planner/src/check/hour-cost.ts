import type { DemandOption, HeldCommitment, PlanningCase, Product } from "../ladder/planning-case.ts";

export interface HourCost {
  /** Of the rest on demand. */
  readonly nanoUsd: bigint;
  /** At prices on demand. */
  readonly coveredNanoUsd: bigint;
  /** Reserved instances at prices on demand, savings plans as committed. */
  readonly usedNanoUsd: bigint;
  readonly boughtNanoUsd: bigint;
}

/**
 * What an hour costs with these commitments: in order, reserved instances, savings plans by discount, on demand. Plain and slow.
 *
 * Demand that has a choice goes to idle reserved instances, in the order of its families; then to what plans have left beside all that
 * is placed, where it takes the fewest dollars; then where it is cheapest on demand.
 */
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
  // Purchases of one product are one pool; each plan held is one.
  const plans = new Map<Pool, bigint>();
  for (const { what, amount } of running) {
    if (what.kind !== "savings_plan") continue;
    plans.set(what, (plans.get(what) ?? 0n) + BigInt(amount) * 1_000n);
    bought += BigInt(amount) * 1_000n;
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
    const place = (option: DemandOption, room: bigint) => {
      const fits = (room * 1_000n) / BigInt(option.milliUnits);
      const here = fits < left ? fits : left;
      const milli = upTo(here * BigInt(option.milliUnits));
      give(option.family, milli);
      left -= here;
      return milli;
    };
    for (const option of options) place(option, free[option.family] as bigint);
    const wallets = left === 0n ? new Map<Pool, bigint>() : spend(plans, price, rest).wallets;
    const perUnit = ({ rate, f }: PlanUse) =>
      rate * BigInt(options.find(({ family }) => family === f)?.milliUnits ?? 0);
    const choices = usesInOrder([...wallets.keys()], price).filter(({ f }) => options.some((o) => o.family === f));
    // As it is sorted, of equal ones the higher discount stays before.
    choices.sort((a, b) => (perUnit(a) < perUnit(b) ? -1 : perUnit(a) > perUnit(b) ? 1 : 0));
    for (const { pool, f, rate } of choices) {
      const option = options.find(({ family }) => family === f) as DemandOption;
      const purse = wallets.get(pool) as bigint;
      wallets.set(pool, purse - rate * place(option, purse / rate));
    }
    let [best] = options;
    for (const option of options) {
      const costs = (o: typeof option) => (price[o.family] as bigint) * BigInt(o.milliUnits);
      if (best === undefined || costs(option) < costs(best)) best = option;
    }
    if (best !== undefined) give(best.family, upTo(left * BigInt(best.milliUnits)));
  });

  const { spent, unpaid } = spend(plans, price, rest);
  for (const { f, rate, milli } of spent) {
    covered += milli * (price[f] as bigint);
    used += milli * rate;
  }
  const nanoUsd = unpaid.reduce((sum, milli, f) => sum + milli * (price[f] as bigint), 0n);
  return { nanoUsd, coveredNanoUsd: covered, usedNanoUsd: used, boughtNanoUsd: bought };
}

type Pool = Extract<Product | HeldCommitment, { kind: "savings_plan" }>;

interface PlanUse {
  readonly pool: Pool;
  readonly f: number;
  readonly rate: bigint;
}

/** The highest discount is the lowest rate of its price; of equal ones the lowest rate, then as they are given. */
function usesInOrder(pools: readonly Pool[], price: readonly bigint[]): PlanUse[] {
  const open = pools.flatMap((pool) =>
    pool.rates.flatMap((rate, f): PlanUse[] => (rate === 0 ? [] : [{ pool, f, rate: BigInt(rate) }])),
  );
  const ordered: PlanUse[] = [];
  while (open.length > 0) {
    let best = 0;
    open.forEach(({ f, rate }, u) => {
      const other = open[best] as PlanUse;
      const [mine, its] = [rate * (price[other.f] as bigint), other.rate * (price[f] as bigint)];
      if (mine < its || (mine === its && rate < other.rate)) best = u;
    });
    ordered.push(...open.splice(best, 1));
  }
  return ordered;
}

/** Plans' money on what nothing else covers, by discount: what each use takes, what stays on demand, what stays in the plans. */
function spend(plans: ReadonlyMap<Pool, bigint>, price: readonly bigint[], onDemand: readonly bigint[]) {
  const wallets = new Map(plans);
  const unpaid = [...onDemand];
  const spent = usesInOrder([...plans.keys()], price).map((use) => {
    const most = (wallets.get(use.pool) as bigint) / use.rate;
    const wanted = unpaid[use.f] as bigint;
    const isEnough = most >= wanted;
    const milli = isEnough ? wanted : most;
    wallets.set(use.pool, (wallets.get(use.pool) as bigint) - milli * use.rate);
    unpaid[use.f] = wanted - milli;
    return { ...use, milli };
  });
  return { spent, unpaid, wallets };
}
