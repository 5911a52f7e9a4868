import { HOURS, type Scenario, type Segment } from "../ladder/planning-case.ts";
import { type HourlyDemand, representativeHours } from "./representative-hours.ts";

/** How demand goes on: what differs from the months of the past that it is made of. */
export interface Outlook {
  readonly name: string;
  readonly weight: number;
  /** New demand and what leaves, each of what is there, a month. */
  readonly growthPercentPerMonth: number;
  readonly churnPercentPerMonth: number;
  /** Beside that, over so many months from the first, to so many percent. */
  readonly toPercent: number;
  readonly overMonths: number;
  /** Month m is the same month of the last year, as far as history goes back so far; else each is as the last `window` months were. */
  readonly season: boolean;
}

export interface ForecastOptions {
  readonly months: number;
  readonly segments: number;
  /** How many of the last months stand for those to come, where there is no season. */
  readonly windowMonths: number;
  /** What a unit of each demand costs, for how hours are grouped. */
  readonly worth: readonly number[];
}

const YEAR = 12;

/**
 * Scenarios of months to come, made of recorded hours alone (the oldest first; the last whole months of 730 hours count, and at
 * least one is needed). With a season the months of the last year come again, each at its own height. O(outlooks x hours).
 */
export function forecast(
  hourly: HourlyDemand,
  outlooks: readonly Outlook[],
  { months, segments, windowMonths, worth }: ForecastOptions,
): readonly Scenario[] {
  const hours = hourly[0]?.length ?? 0;
  const recorded = Math.floor(hours / HOURS);
  if (recorded === 0) throw new RangeError("a forecast is made of a whole month at least");
  const shapes = new Map<string, readonly Segment[]>();
  const shapeOf = (first: number, count: number) => {
    const key = `${first} ${count}`;
    const start = hours - (recorded - first) * HOURS;
    const shape = shapes.get(key) ?? representativeHours(hourly, start, start + count * HOURS, segments, worth);
    shapes.set(key, shape);
    return shape;
  };
  const window = Math.min(windowMonths, recorded);
  return outlooks.map((outlook) => ({
    name: outlook.name,
    weight: outlook.weight,
    months: Array.from({ length: months }, (_, m) => {
      const isSeasonal = outlook.season && recorded >= YEAR;
      const shape = isSeasonal ? shapeOf(recorded - YEAR + (m % YEAR), 1) : shapeOf(recorded - window, window);
      return scaled(shape, factorOf(outlook, m));
    }),
  }));
}

function factorOf({ growthPercentPerMonth, churnPercentPerMonth, toPercent, overMonths }: Outlook, m: number): number {
  const monthly = 1 + (growthPercentPerMonth - churnPercentPerMonth) / 100;
  const done = overMonths === 0 ? 1 : Math.min(1, (m + 1) / overMonths);
  return Math.max(0, monthly) ** (m + 1) * (1 + done * (toPercent / 100 - 1));
}

function scaled(segments: readonly Segment[], factor: number): readonly Segment[] {
  if (factor === 1) return segments;
  return segments.map(({ hours, milliUnits }) => ({
    hours,
    milliUnits: milliUnits.map((milli) => Math.round(milli * factor)),
  }));
}
