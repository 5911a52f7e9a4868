import { discountFactors, paymentsWithin, priceOf } from "./payments.ts";
import { type PlanningCase, type Product, TERM_MONTHS } from "./planning-case.ts";

/**
 * Which products a plan need not look at in a month, as another is never worse there: by product and month, true for left out.
 *
 * Reserved instances of one family and term do the same whatever their class and payment, so the cheapest within the horizon
 * is enough; of equals the first. A savings plan is left out where a step of another of its term costs no more and covers no
 * less of each family; not within guard rails, which count what a step is worth.
 */
export function leaveOutDominated(planning: PlanningCase): readonly (readonly boolean[])[] {
  const { months, products } = planning;
  const factors = discountFactors(months, planning.discountPercent);
  const costs = products.map((product) =>
    Array.from({ length: months }, (_, m) =>
      paymentsWithin(priceOf(product), TERM_MONTHS[product.term], m, months, factors),
    ),
  );
  const cost = (p: number, m: number) => (costs[p] as readonly bigint[])[m] as bigint;
  return products.map((product, p) =>
    Array.from({ length: months }, (_, m) =>
      products.some(
        (other, q) => q !== p && isNeverWorse(other, product, cost(q, m), cost(p, m), q < p, planning.guardRails),
      ),
    ),
  );
}

function isNeverWorse(
  a: Product,
  b: Product,
  costA: bigint,
  costB: bigint,
  isFirst: boolean,
  isGuarded: boolean,
): boolean {
  if (a.term !== b.term) return false;
  const betterOf = (left: bigint, right: bigint) => left < right || (left === right && isFirst);
  if (a.kind === "reserved" && b.kind === "reserved") return a.family === b.family && betterOf(costA, costB);
  if (a.kind === "reserved" || b.kind === "reserved") return false;
  if (isGuarded || !betterOf(costA, costB)) return false;
  // A step covers itself over the rate.
  return b.rates.every((rate, f) => {
    const other = a.rates[f] as number;
    return rate === 0 || (other > 0 && a.stepMicroUsdPerHour * rate >= b.stepMicroUsdPerHour * other);
  });
}
