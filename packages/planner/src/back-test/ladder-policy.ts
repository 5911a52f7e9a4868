import type { Solver } from "@berth/ports";
import { forecast, type Outlook } from "../demand/forecast.ts";
import { planLadder } from "../ladder/plan-ladder.ts";
import { HOURS, NO_RISK, type PlanningCase } from "../ladder/planning-case.ts";
import type { Policy } from "../rules/policy.ts";
import { HISTORY_MONTHS } from "./traces.ts";

/** Months of a plan that is made anew each month, and segments of a month in it. */
const HORIZON_MONTHS = 36;
const SEGMENTS = 12;
/** Of months whose hours come again where it goes on, and of those that say by how much it grows. */
const NOW_MONTHS = 12;
const TREND_MONTHS = 6;
const MOST_TREND_PERCENT = 5;
/** A trend that each month keeps nine tenths of itself adds up to nine months of it (Gardner, damped trends); here in a year. */
const TREND_COUNTS_MONTHS = 9;
const TREND_LASTS_MONTHS = 12;

export interface LadderPolicyOptions {
  readonly guardRails: boolean;
  /** Level of a month by what packing is planned to do, where the policy is told of it: month 0 is the test's first. */
  readonly packing?: ((month: number) => number) | undefined;
}

/**
 * The ladder as it is used: each month a plan for the next three years is made on a forecast from the past alone, and what it
 * buys in its first month is bought.
 *
 * The forecast is four scenarios, the same for every trace. Three have equal weights, as nothing is known of which will be: it
 * goes on as the last year was, the damped trend of the last six months goes on, the last year comes again (at the height of now, once
 * there is a month to compare). The fourth, at a third of that, shrinks to 60 % over a year. Where packing is planned, the past is
 * taken as if packed to the level of then, and what comes to that of later.
 */
export function ladderPolicy(solver: Solver, { guardRails, packing }: LadderPolicyOptions): Policy {
  return async ({ family, products }, past) => {
    const month = past.hours.length / HOURS - HISTORY_MONTHS;
    const levelAt = (m: number) => packing?.(m) ?? 1;
    const unpacked = past.hours.map((units, h) =>
      Math.round((units * 1_000) / levelAt(Math.floor(h / HOURS) - HISTORY_MONTHS)),
    );
    const options = { months: HORIZON_MONTHS, segments: SEGMENTS, windowMonths: NOW_MONTHS, worth: [1] };
    const scenarios = forecast([Float64Array.from(unpacked)], outlooksOf(unpacked), options);
    const planning: PlanningCase = {
      months: HORIZON_MONTHS,
      families: [family],
      demands: [{ name: family.name, options: [{ family: 0, milliUnits: 1_000 }] }],
      scenarios: scenarios.map((scenario) => ({
        ...scenario,
        months: scenario.months.map((segments, m) =>
          segments.map(({ hours, milliUnits }) => ({
            hours,
            milliUnits: milliUnits.map((milli) => Math.round(milli * levelAt(month + m))),
          })),
        ),
      })),
      products,
      held: past.held.filter(({ endMonth }) => endMonth > 0),
      discountPercent: 0,
      risk: NO_RISK,
      guardRails,
    };
    const { purchases } = await planLadder(planning, solver, { gap: 2e-3, maxNodes: 200 });
    return products.map((_, product) =>
      purchases.reduce((sum, one) => (one.month === 0 && one.product === product ? sum + one.count : sum), 0),
    );
  };
}

function outlooksOf(hours: Int32Array): readonly Outlook[] {
  const months = monthlyMeans(hours);
  const trend = trendPercent(months.slice(-TREND_MONTHS));
  const now = months.at(-1) ?? 0;
  const yearAgo = months.at(-13) ?? now;
  const base = { churnPercentPerMonth: 0, growthPercentPerMonth: 0, toPercent: 100, overMonths: 0, season: false };
  const trendTo = 100 * (1 + trend / 100) ** TREND_COUNTS_MONTHS;
  return [
    { ...base, name: "goes on", weight: 3 },
    { ...base, name: "trend", weight: 3, toPercent: trendTo, overMonths: TREND_LASTS_MONTHS },
    {
      ...base,
      name: "last year again",
      weight: 3,
      season: true,
      toPercent: yearAgo === 0 ? 100 : (100 * now) / yearAgo,
    },
    { ...base, name: "shrinks", weight: 1, toPercent: 60, overMonths: 12 },
  ];
}

function monthlyMeans(hours: Int32Array): readonly number[] {
  const months = Math.floor(hours.length / HOURS);
  const start = hours.length - months * HOURS;
  return Array.from({ length: months }, (_, m) => {
    const month = hours.subarray(start + m * HOURS, start + (m + 1) * HOURS);
    return month.reduce((sum, units) => sum + units, 0) / HOURS;
  });
}

/** Percent a month, by least squares of the logarithms; 0 where a month had nothing. */
function trendPercent(months: readonly number[]): number {
  if (months.length < 2 || months.some((mean) => mean <= 0)) return 0;
  const middle = (months.length - 1) / 2;
  let [up, across] = [0, 0];
  months.forEach((mean, m) => {
    up += (m - middle) * Math.log(mean);
    across += (m - middle) ** 2;
  });
  const percent = 100 * (Math.exp(up / across) - 1);
  return Math.min(MOST_TREND_PERCENT, Math.max(-MOST_TREND_PERCENT, percent));
}
