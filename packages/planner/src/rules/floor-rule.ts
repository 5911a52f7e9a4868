import { HOURS } from "../ladder/planning-case.ts";
import { type Policy, upTo } from "./policy.ts";

/** Commits to what was used in every hour of the last so many months, and no more. */
export function floorRule(product: number, windowMonths = 12): Policy {
  return (market, past) => {
    const window = past.hours.subarray(Math.max(0, past.hours.length - windowMonths * HOURS));
    const least = window.reduce((low, units) => Math.min(low, units), Number.POSITIVE_INFINITY);
    return upTo(Number.isFinite(least) ? least : 0, market, product, past);
  };
}
