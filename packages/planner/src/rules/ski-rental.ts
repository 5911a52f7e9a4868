import { effectiveMicroUsdPerHour } from "../ladder/payments.ts";
import { HOURS, type ReservedProduct, TERM_MONTHS } from "../ladder/planning-case.ts";
import type { Policy } from "./policy.ts";

/**
 * Rents until buying would have been as cheap: one more unit is reserved once what was spent on demand for it, over the past
 * term, has reached the price of the reservation (Wang, Li, Liang, "To Reserve or Not to Reserve", arXiv 1305.5608): at most
 * twice what perfect information would cost, without any forecast.
 *
 * As there, a unit that is bought counts as if it had been there over the whole window, so that the same spending buys one
 * unit only; what is held counts from its start for the window before it too. Decides at the start of each month, by the hour.
 */
export function skiRental(product: number): Policy {
  return (market, past) => {
    const bought = market.products[product] as ReservedProduct;
    const windowMonths = TERM_MONTHS[bought.term];
    const months = Math.min(windowMonths, Math.floor(past.hours.length / HOURS));
    const hours = past.hours.subarray(past.hours.length - months * HOURS);
    const breakEvenHours =
      (effectiveMicroUsdPerHour(bought) * windowMonths * HOURS) / market.family.onDemandMicroUsdPerHour;
    // What is there in each month of the window: from as long before its purchase as the window is, up to its end.
    const there = Int32Array.from({ length: months }, (_, m) => {
      const month = m - months;
      return past.held.reduce(
        (sum, { units, startMonth, endMonth }) =>
          month >= startMonth - windowMonths && month < endMonth ? sum + units : sum,
        0,
      );
    });
    let units = 0;
    for (;;) {
      let onDemand = 0;
      for (let h = 0; h < hours.length; h++) {
        if ((hours[h] as number) > (there[Math.floor(h / HOURS)] as number) + units) onDemand++;
      }
      if (onDemand === 0 || onDemand < breakEvenHours) break;
      units++;
    }
    return market.products.map((_, p) => (p === product ? units : 0));
  };
}
