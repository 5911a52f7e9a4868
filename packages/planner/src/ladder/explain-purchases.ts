import { monthCapacities } from "./month-capacity.ts";
import { effectiveMicroUsdPerHour, priceOf } from "./payments.ts";
import {
  HOURS,
  type PlanFamily,
  type PlanningCase,
  type Product,
  type Purchase,
  TERM_MONTHS,
} from "./planning-case.ts";
import { quoteSizes } from "./quote-sizes.ts";
import { serveHour } from "./serve-hour.ts";

/** Why a purchase pays. All shares are of the hours of its term within the horizon, over scenarios by weight. */
export interface Explanation {
  readonly purchase: Purchase;
  /** The month at the end of which, in expectation, what it saved on demand has reached what was paid; undefined within the horizon. */
  readonly breakEvenMonth: number | undefined;
  /** What it costs of what it replaces: a unit pays that is used in more than this share of the hours. */
  readonly payingShare: number;
  /** In how many of the hours all of it is used: at the top of the ladder this is near to the paying share. */
  readonly fullyUsedShare: number;
  readonly utilization: number;
  /** On demand less payments that fall into the horizon, without residual and discount; dollars. */
  readonly savedUsd: number;
  readonly quote: readonly { readonly machineType: string; readonly instances: number }[];
}

/**
 * Explains each purchase by the hours that use it. Commitments of a family, or steps of a savings plan, are used from the
 * bottom: what is held, then each purchase in its order. O(scenarios x months x segments x (demands + purchases)).
 */
export function explainPurchases(planning: PlanningCase, purchases: readonly Purchase[]): readonly Explanation[] {
  const tallies = purchases.map(() => ({
    used: 0,
    offered: 0,
    full: 0,
    hours: 0,
    savedByMonth: new Float64Array(planning.months),
  }));
  const weights = planning.scenarios.reduce((sum, { weight }) => sum + weight, 0);
  const pools = planning.products.flatMap((product, p) => (product.kind === "savings_plan" ? [p] : []));
  const capacities = monthCapacities(planning, purchases);
  for (let m = 0; m < planning.months; m++) {
    const capacity = capacities[m] as (typeof capacities)[number];
    const intervals = intervalsOf(planning, purchases, m);
    for (const { months, weight } of planning.scenarios) {
      for (const { hours, milliUnits } of months[m] ?? []) {
        const served = serveHour(planning.families, planning.demands, milliUnits, capacity);
        for (const { purchase, from, to } of intervals) {
          const { product: p } = purchases[purchase] as Purchase;
          const product = planning.products[p] as Product;
          // Of families in thousandths of units, of pools in thousandths of micro-dollars an hour.
          let level = 0;
          let worth = 0;
          if (product.kind === "reserved") {
            level = served.reservedMilliUnits[product.family] as number;
            worth = (planning.families[product.family] as PlanFamily).onDemandMicroUsdPerHour;
          } else {
            let onDemand = 0;
            served.savedMilliUnits.forEach((milli, use) => {
              const { pool, family, rate } = capacity.savings[use] as (typeof capacity.savings)[number];
              if (pool !== pools.indexOf(p)) return;
              level += milli * rate;
              onDemand += milli * (planning.families[family] as PlanFamily).onDemandMicroUsdPerHour;
            });
            worth = level === 0 ? 0 : onDemand / level;
          }
          const used = Math.min(Math.max(0, level - from), to - from);
          const tally = tallies[purchase] as (typeof tallies)[number];
          const share = (hours * weight) / weights;
          tally.used += used * share;
          tally.offered += (to - from) * share;
          tally.hours += share;
          if (level >= to) tally.full += share;
          tally.savedByMonth[m] = (tally.savedByMonth[m] as number) + (used * share * worth) / 1e9;
        }
      }
    }
  }
  return purchases.map((purchase, index) => {
    const { used, offered, full, hours, savedByMonth } = tallies[index] as (typeof tallies)[number];
    const product = planning.products[purchase.product] as Product;
    const family = product.kind === "reserved" ? (planning.families[product.family] as PlanFamily) : undefined;
    return {
      purchase,
      ...balanceOf(planning, purchase, savedByMonth),
      payingShare: payingShareOf(planning, product),
      fullyUsedShare: hours === 0 ? 0 : full / hours,
      utilization: offered === 0 ? 0 : used / offered,
      quote: family === undefined ? [] : quoteSizes(family, purchase.count),
    };
  });
}

/** Effective rate over the price on demand: of a savings plan the lowest of its families. */
export function payingShareOf({ families }: PlanningCase, product: Product): number {
  if (product.kind === "reserved") {
    return effectiveMicroUsdPerHour(product) / (families[product.family] as PlanFamily).onDemandMicroUsdPerHour;
  }
  return product.rates.reduce(
    (least, rate, f) =>
      rate === 0 ? least : Math.min(least, rate / (families[f] as PlanFamily).onDemandMicroUsdPerHour),
    1,
  );
}

function balanceOf(
  { products, months }: PlanningCase,
  { product: p, month, count }: Purchase,
  savedByMonth: Float64Array,
): { readonly breakEvenMonth: number | undefined; readonly savedUsd: number } {
  const product = products[p] as Product;
  const { upfrontMicroUsd, hourlyMicroUsd } = priceOf(product);
  let balance = (-upfrontMicroUsd * count) / 1e6;
  let breakEvenMonth: number | undefined;
  for (let m = month; m < Math.min(months, month + TERM_MONTHS[product.term]); m++) {
    balance += (savedByMonth[m] as number) - (hourlyMicroUsd * HOURS * count) / 1e6;
    if (balance >= 0) breakEvenMonth ??= m;
    else breakEvenMonth = undefined;
  }
  return { breakEvenMonth, savedUsd: balance };
}

interface Interval {
  readonly purchase: number;
  readonly from: number;
  readonly to: number;
}

/** Where each active purchase lies in what is active of its family or pool. */
function intervalsOf(planning: PlanningCase, purchases: readonly Purchase[], m: number): readonly Interval[] {
  const levels = new Map<string, number>();
  for (const one of planning.held) {
    if (one.kind !== "reserved" || m < one.startMonth || m >= one.endMonth) continue;
    const key = `family ${one.family}`;
    levels.set(key, (levels.get(key) ?? 0) + one.units * 1_000);
  }
  return purchases.flatMap(({ product: p, month, count }, purchase) => {
    const product = planning.products[p] as Product;
    if (m < month || m >= month + TERM_MONTHS[product.term]) return [];
    const key = product.kind === "reserved" ? `family ${product.family}` : `pool ${p}`;
    const from = levels.get(key) ?? 0;
    const to = from + count * 1_000 * (product.kind === "reserved" ? 1 : product.stepMicroUsdPerHour);
    levels.set(key, to);
    return [{ purchase, from, to }];
  });
}
