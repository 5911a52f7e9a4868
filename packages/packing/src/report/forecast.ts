/** The mean of one day. */
export interface DailyMean {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly value: number;
}

export interface Trend {
  /** The straight line's value on a day, and between which values one day's mean falls with 95 %. */
  readonly on: (day: number) => Expected;
  /** Growth a day. */
  readonly slope: number;
}

export interface Expected {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** Fewer days say nothing of a week's rhythm. */
export const LEAST_DAYS = 7;

/**
 * The straight line through daily means by least squares, with its 95 % prediction interval (Student's t, n - 2 degrees of
 * freedom). It knows no seasons, and nothing of what operators or customers mean to do: it goes on as it went. Values below 0
 * are told as 0. Undefined with fewer than seven days, or none but one day apart: O(days).
 */
export function trendOf(means: readonly DailyMean[]): Trend | undefined {
  const n = means.length;
  if (n < LEAST_DAYS) return undefined;
  const meanDay = means.reduce((sum, { day }) => sum + day, 0) / n;
  const meanValue = means.reduce((sum, { value }) => sum + value, 0) / n;
  const spread = means.reduce((sum, { day }) => sum + (day - meanDay) ** 2, 0);
  if (spread === 0) return undefined;
  const slope = means.reduce((sum, { day, value }) => sum + (day - meanDay) * (value - meanValue), 0) / spread;
  const at = (day: number) => meanValue + slope * (day - meanDay);
  const residual = means.reduce((sum, { day, value }) => sum + (value - at(day)) ** 2, 0);
  const deviation = Math.sqrt(residual / (n - 2));
  const t = studentsT(n - 2);
  return {
    slope,
    on: (day) => {
      const margin = t * deviation * Math.sqrt(1 + 1 / n + (day - meanDay) ** 2 / spread);
      const expected = at(day);
      return {
        expected: Math.max(0, expected),
        low: Math.max(0, expected - margin),
        high: Math.max(0, expected + margin),
      };
    },
  };
}

export interface Reached {
  /** The first day on which the line is there; undefined when not within the days that are looked at. */
  readonly expectedOn: number | undefined;
  /** And on which the upper end of the interval is. */
  readonly earliestOn: number | undefined;
}

/** When a trend comes to a limit, looking at the `days` after `from`. One that is there already is there on the next day. */
export function reachedOn(trend: Trend, limit: number, from: number, days: number): Reached {
  let earliestOn: number | undefined;
  for (let day = from + 1; day <= from + days; day++) {
    const { expected, high } = trend.on(day);
    if (high >= limit) earliestOn ??= day;
    if (expected >= limit) return { expectedOn: day, earliestOn };
  }
  return { expectedOn: undefined, earliestOn };
}

/** Two-sided 95 % of Student's t by degrees of freedom, 5 to 30; from any table of statistics. */
const STUDENTS_T = [
  2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08,
  2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;
const FIRST_DEGREES = LEAST_DAYS - 2;
/** Beyond the table Student's t is at most 4.1 % above the normal distribution's. */
const NORMAL = 1.96;

function studentsT(degrees: number): number {
  return STUDENTS_T[degrees - FIRST_DEGREES] ?? NORMAL;
}
