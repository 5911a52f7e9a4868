import type { Segment } from "../ladder/planning-case.ts";

/** Demand hour by hour: of each demand, in thousandths of units, as many hours for each. */
export type HourlyDemand = readonly Float64Array[];

interface Group {
  readonly hours: Int32Array;
  /** Weighted sum of squares about the means, and along which demand most of it is. */
  readonly spread: number;
  readonly demand: number;
  readonly means: Float64Array;
}

/**
 * Hours `from` up to `to` as at most so many segments, each the mean of hours that are alike in every demand at once, and
 * together 730 hours: a plan that pools demands sees them peak together or apart as they do.
 *
 * The widest group is halved at its mean along the demand that it is widest in, until there are enough or all of them are of
 * equal hours; `worth` is how much a unit of each demand counts, as its price. Means lose what a month's hours differ within
 * a segment; sums are kept to within rounding to a thousandth of a unit. O(hours x demands x segments).
 */
export function representativeHours(
  hourly: HourlyDemand,
  from: number,
  to: number,
  most: number,
  worth: readonly number[],
  monthHours = 730,
): readonly Segment[] {
  if (to <= from) throw new RangeError("there are no hours");
  const groups = [
    groupOf(
      hourly,
      Int32Array.from({ length: to - from }, (_, h) => from + h),
      worth,
    ),
  ];
  while (groups.length < most) {
    let widest = 0;
    groups.forEach(({ spread }, g) => {
      if (spread > (groups[widest] as Group).spread) widest = g;
    });
    const group = groups[widest] as Group;
    if (group.spread === 0) break;
    const values = hourly[group.demand] as Float64Array;
    const mean = group.means[group.demand] as number;
    const isLow = (hour: number) => (values[hour] as number) < mean;
    const low = groupOf(hourly, group.hours.filter(isLow), worth);
    const high = groupOf(
      hourly,
      group.hours.filter((hour) => !isLow(hour)),
      worth,
    );
    groups.splice(widest, 1, low, high);
  }
  const counts = shareOut(
    groups.map(({ hours }) => hours.length),
    monthHours,
  );
  return groups
    .map(({ means }, g) => ({ hours: counts[g] as number, milliUnits: Array.from(means, Math.round) }))
    .filter(({ hours }) => hours > 0);
}

function groupOf(hourly: HourlyDemand, hours: Int32Array, worth: readonly number[]): Group {
  const means = new Float64Array(hourly.length);
  let spread = 0;
  let demand = 0;
  let widest = -1;
  hourly.forEach((values, d) => {
    let sum = 0;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const hour of hours) {
      const value = values[hour] as number;
      sum += value;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    const mean = sum / hours.length;
    means[d] = mean;
    // Equal values have none, whatever rounding makes of their mean.
    if (least === most) return;
    let squares = 0;
    for (const hour of hours) squares += ((values[hour] as number) - mean) ** 2;
    const weighted = squares * (worth[d] as number) ** 2;
    spread += weighted;
    if (weighted > widest) {
      widest = weighted;
      demand = d;
    }
  });
  return { hours, spread, demand, means };
}

/** Whole numbers in these proportions with this sum: remainders go to the largest fractions, the first of equal ones. */
export function shareOut(parts: readonly number[], sum: number): readonly number[] {
  const all = parts.reduce((total, part) => total + part, 0);
  const shares = parts.map((part) => Math.floor((part * sum) / all));
  const left = sum - shares.reduce((total, share) => total + share, 0);
  const byFraction = parts
    .map((part, index) => ({ index, fraction: (part * sum) % all }))
    .toSorted((a, b) => b.fraction - a.fraction || a.index - b.index);
  for (const { index } of byFraction.slice(0, left)) shares[index] = (shares[index] as number) + 1;
  return shares;
}
