import type { Segment } from "../ladder/planning-case.ts";

/** A month's demand from its busiest hours down: in `hours` of them it was at least so much, in thousandths of units. */
export interface CurveStep {
  readonly milliUnits: number;
  readonly hours: number;
}

/** The duration curve of what `amount` gives of each segment; equal amounts are one step. */
export function durationCurve(
  segments: readonly Segment[],
  amount: (milliUnits: readonly number[]) => number,
): readonly CurveStep[] {
  const hoursOf = new Map<number, number>();
  for (const { hours, milliUnits } of segments) {
    const level = amount(milliUnits);
    hoursOf.set(level, (hoursOf.get(level) ?? 0) + hours);
  }
  let sum = 0;
  return [...hoursOf]
    .toSorted(([a], [b]) => b - a)
    .map(([milliUnits, hours]) => {
      sum += hours;
      return { milliUnits, hours: sum };
    });
}
