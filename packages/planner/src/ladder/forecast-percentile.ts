import type { PlanningCase } from "./planning-case.ts";

const WINDOW_MONTHS = 12;

/**
 * What demand of some kind is at least, in three hours of four of the twelve months from `month` on, over scenarios by weight:
 * the 25th percentile that three-year commitments may not exceed. Near the horizon of the months that are left.
 */
export function lowerQuartile(
  planning: PlanningCase,
  month: number,
  amount: (milliUnits: readonly number[]) => number,
): number {
  return forecastQuantile(planning, month, WINDOW_MONTHS, 0.25, amount);
}

/** The largest amount with no more than this share of the hours of the window below it. */
export function forecastQuantile(
  planning: PlanningCase,
  month: number,
  windowMonths: number,
  share: number,
  amount: (milliUnits: readonly number[]) => number,
): number {
  const levels: { readonly amount: number; readonly hours: number }[] = [];
  let total = 0;
  for (const { months, weight } of planning.scenarios) {
    for (const segments of months.slice(month, month + windowMonths)) {
      for (const { hours, milliUnits } of segments) {
        levels.push({ amount: amount(milliUnits), hours: hours * weight });
        total += hours * weight;
      }
    }
  }
  levels.sort((a, b) => a.amount - b.amount);
  let below = 0;
  for (const level of levels) {
    below += level.hours;
    if (below > share * total) return level.amount;
  }
  return levels.at(-1)?.amount ?? 0;
}
