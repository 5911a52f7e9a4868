import { checkReservations } from "../check/check-reservations.ts";
import { forecastQuantile, lowerQuartile } from "./forecast-percentile.ts";
import { effectiveMicroUsdPerHour } from "./payments.ts";
import { planCost } from "./plan-cost.ts";
import {
  type PlanFamily,
  type PlanningCase,
  type Purchase,
  type ReservedProduct,
  TERM_MONTHS,
} from "./planning-case.ts";

/** With guard rails a level is reached in so many purchases, a month each, so that no month ends more than a sixth. */
const RUNGS = 6;
/** A plan that breaks a rule is tried again with so many tenths of it less. */
const TENTHS = 10;

/**
 * A plan by the quantile rule, without a solver: of each family the units that are used in more of the forecast's hours of the
 * term than their rate is of the price on demand; three-year ones first, with guard rails no more than the 25th percentile. Demand
 * counts where it costs least on demand. Scaled down by tenths until the checker finds no fault and `isGood` holds; buying nothing
 * is the last. O(tenths x the checker).
 */
export function quantilePlan(
  planning: PlanningCase,
  isGood: (purchases: readonly Purchase[]) => boolean,
): readonly Purchase[] {
  const whole = planning.families.flatMap((_, family) => purchasesOf(planning, family));
  for (let tenths = TENTHS; tenths > 0; tenths--) {
    const purchases = whole
      .map((one) => ({ ...one, count: Math.floor((one.count * tenths) / TENTHS) }))
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => a.month - b.month || a.product - b.product);
    if (purchases.length === 0) break;
    const isAllowed = checkReservations(planning, { purchases, ...planCost(planning, purchases) }).length === 0;
    if (isAllowed && isGood(purchases)) return purchases;
  }
  return [];
}

function purchasesOf(planning: PlanningCase, family: number): readonly Purchase[] {
  const { months, guardRails, held } = planning;
  const purchases: (Purchase & { readonly end: number })[] = [];
  const demand = (milliUnits: readonly number[]) => cheapestMilliUnits(planning, family, milliUnits);
  const price = (planning.families[family] as PlanFamily).onDemandMicroUsdPerHour;
  for (let m = 0; m < months; m++) {
    for (const term of ["3y", "1y"] as const) {
      const product = cheapest(planning, family, term);
      if (product === undefined) continue;
      const rho = effectiveMicroUsdPerHour(planning.products[product] as ReservedProduct) / price;
      const level = forecastQuantile(planning, m, TERM_MONTHS[term], 1 - rho, demand);
      const most = guardRails && term === "3y" ? Math.min(level, lowerQuartile(planning, m, demand)) : level;
      const active = [...held, ...purchases].reduce((sum, one) => {
        if ("product" in one) return m < one.end ? sum + one.count : sum;
        const counts = one.kind === "reserved" && one.family === family && m >= one.startMonth && m < one.endMonth;
        return counts ? sum + one.units : sum;
      }, 0);
      const wanted = Math.floor(most / 1_000);
      const count = Math.min(wanted - active, guardRails ? Math.max(1, Math.floor(wanted / RUNGS)) : wanted);
      if (count > 0) purchases.push({ product, month: m, count, end: m + TERM_MONTHS[term] });
    }
  }
  return purchases.map(({ product, month, count }) => ({ product, month, count }));
}

/** Thousandths of units of the demands that cost least on demand in this family. */
function cheapestMilliUnits(
  { families, demands }: PlanningCase,
  family: number,
  milliUnits: readonly number[],
): number {
  return demands.reduce((sum, { options }, d) => {
    const cost = ({ family: f, milliUnits: each }: (typeof options)[number]) =>
      (families[f] as PlanFamily).onDemandMicroUsdPerHour * each;
    const best = options.reduce((low, option) => (cost(option) < cost(low) ? option : low));
    return best.family === family ? sum + ((milliUnits[d] as number) * best.milliUnits) / 1_000 : sum;
  }, 0);
}

/** The product of a family and term with the lowest rate; undefined where there is none. */
function cheapest({ products }: PlanningCase, family: number, term: "1y" | "3y"): number | undefined {
  let best: number | undefined;
  products.forEach((product, p) => {
    if (product.kind !== "reserved" || product.family !== family || product.term !== term) return;
    const other = best === undefined ? undefined : (products[best] as ReservedProduct);
    if (other === undefined || effectiveMicroUsdPerHour(product) < effectiveMicroUsdPerHour(other)) best = p;
  });
  return best;
}
