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
 * Demand that has a choice goes to idle reserved instances, then to what plans have left beside all that is placed, each time the
 * demand that would cost most on demand for what it takes; the rest goes where it is cheapest on demand.
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
  const wanted = milliUnits.map((milli) => BigInt(milli));
  const costOf = ({ family, milliUnits: each }: DemandOption) => (price[family] as bigint) * BigInt(each);
  const cheapestOf = (d: number) =>
    (demands[d] as PlanningCase["demands"][number]).options.reduce((low, one) =>
      costOf(one) < costOf(low) ? one : low,
    );
  const open = demands.flatMap(({ options }, d) =>
    options.length === 1 ? [] : options.map((option) => ({ d, option, saves: costOf(cheapestOf(d)) })),
  );
  const place = (d: number, { family, milliUnits: each }: DemandOption, room: bigint) => {
    const fits = (room * 1_000n) / BigInt(each);
    const here = fits < (wanted[d] as bigint) ? fits : (wanted[d] as bigint);
    const milli = upTo(here * BigInt(each));
    give(family, milli);
    wanted[d] = (wanted[d] as bigint) - here;
    return milli;
  };
  const ofReserved = open.map((one) => ({ ...one, takes: BigInt(one.option.milliUnits) }));
  for (const { d, option } of bestFirst(ofReserved)) place(d, option, free[option.family] as bigint);
  const { wallets } = spend(plans, price, rest);
  const ofPlans = usesInOrder([...plans.keys()], price).flatMap(({ pool, f, rate }) =>
    open
      .filter(({ option }) => option.family === f)
      .map((one) => ({ ...one, pool, rate, takes: rate * BigInt(one.option.milliUnits) })),
  );
  for (const { d, option, pool, rate } of bestFirst(ofPlans)) {
    const purse = wallets.get(pool) as bigint;
    wallets.set(pool, purse - rate * place(d, option, purse / rate));
  }
  demands.forEach(({ options }, d) => {
    if (options.length === 1) return;
    const { family, milliUnits: each } = cheapestOf(d);
    give(family, upTo((wanted[d] as bigint) * BigInt(each)));
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

/** What saves most for what it takes; of equal ones as they are given. */
function bestFirst<T extends { readonly saves: bigint; readonly takes: bigint }>(choices: readonly T[]): T[] {
  const open = [...choices];
  const ordered: T[] = [];
  while (open.length > 0) {
    let best = 0;
    open.forEach(({ saves, takes }, index) => {
      const other = open[best] as T;
      if (saves * other.takes > other.saves * takes) best = index;
    });
    ordered.push(...open.splice(best, 1));
  }
  return ordered;
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
