import { effectiveMicroUsdPerHour } from "../ladder/payments.ts";
import { HOURS, type ReservedProduct } from "../ladder/planning-case.ts";
import { type Policy, upTo } from "./policy.ts";

/**
 * The most units of which the last pays: the largest n with demand at n or above in at least rho of the hours, rho = effective
 * rate / price on demand, as a unit that is used in more than rho of the hours costs less reserved. 0 without hours.
 */
export function quantileUnits(hours: Int32Array, rho: number): number {
  const sorted = hours.toSorted();
  // At least `needed` hours are at or above the value at its place from the end.
  const needed = Math.max(1, Math.ceil(rho * sorted.length));
  return sorted.length === 0 || needed > sorted.length ? 0 : (sorted[sorted.length - needed] as number);
}

/** Commits to the quantile of the last so many months, as if what comes were as what was. */
export function quantileRule(product: number, windowMonths = 12): Policy {
  return (market, past) => {
    const window = past.hours.subarray(Math.max(0, past.hours.length - windowMonths * HOURS));
    const rho =
      effectiveMicroUsdPerHour(market.products[product] as ReservedProduct) / market.family.onDemandMicroUsdPerHour;
    return upTo(quantileUnits(window, rho), market, product, past);
  };
}
