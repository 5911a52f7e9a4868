import { seededRandom } from "@berth/domain";
import { HOURS } from "../ladder/planning-case.ts";

export const TRACE_SHAPES = [
  "constant",
  "growth",
  "two_level",
  "season",
  "expiry_cliff",
  "regime_change",
  "shrinking_after_packing",
] as const;
export type TraceShape = (typeof TRACE_SHAPES)[number];

/** Months before a back-test begins, which policies have seen, and those that it takes. */
export const HISTORY_MONTHS = 12;
export const TEST_MONTHS = 36;

export interface Trace {
  readonly shape: TraceShape;
  readonly seed: number;
  /** Whole units wanted in each hour: history, then test. */
  readonly hours: Int32Array;
  /** One-year units that are held when the test begins, and the month that they end in. */
  readonly held: { readonly units: number; readonly endMonth: number } | undefined;
  /** Share of its demand that packing leaves in each month, where that is why it shrinks: known to who plans the packing. */
  readonly packing: ((month: number) => number) | undefined;
}

/**
 * Demand of one shape, made of a seed. Parameters, all drawn once for a trace:
 *
 * - every shape: a base of 40 to 120 units; a day's wave of 10 % about it; each hour 3 % of chance about that;
 * - growth: 1 to 3 % a month; two_level: twice the base in a third to a half of each week, in one piece;
 * - season: a year's wave of 20 to 40 %, with its peak in any month;
 * - expiry_cliff: 70 % of the base is held and ends in month 6;
 * - regime_change: from a month between 9 and 24 on it is 55 % or 150 % of what it was;
 * - shrinking_after_packing: from a month between 1 and 5 on it falls over two months to 45 %.
 */
export function generateTrace(shape: TraceShape, seed: number): Trace {
  const random = seededRandom(seed * 7_919 + TRACE_SHAPES.indexOf(shape));
  const base = 40 + random.integer(81);
  const between = (low: number, high: number) => low + (high - low) * random.fraction();
  const { level, packing } = levelOf(shape, between, random.integer);
  const hours = Int32Array.from({ length: (HISTORY_MONTHS + TEST_MONTHS) * HOURS }, (_, h) => {
    const day = 1 + 0.1 * Math.sin((2 * Math.PI * h) / 24);
    const chance = 1 + 0.03 * (2 * random.fraction() - 1);
    return Math.round(base * level(h) * day * chance);
  });
  const held = shape === "expiry_cliff" ? { units: Math.round(0.7 * base), endMonth: 6 } : undefined;
  return { shape, seed, hours, held, packing };
}

const WEEK = 168;
const YEAR = 12 * HOURS;

function levelOf(
  shape: TraceShape,
  between: (low: number, high: number) => number,
  integer: (below: number) => number,
): { readonly level: (hour: number) => number; readonly packing: Trace["packing"] } {
  const start = HISTORY_MONTHS * HOURS;
  const of = (level: (hour: number) => number) => ({ level, packing: undefined });
  switch (shape) {
    case "constant":
    case "expiry_cliff":
      return of(() => 1);
    case "growth": {
      const monthly = 1 + between(0.01, 0.03);
      return of((h) => monthly ** ((h - start) / HOURS));
    }
    case "two_level": {
      const high = WEEK * between(1 / 3, 1 / 2);
      return of((h) => (h % WEEK < high ? 2 : 1));
    }
    case "season": {
      const [wave, peak] = [between(0.2, 0.4), between(0, YEAR)];
      return of((h) => 1 + wave * Math.cos((2 * Math.PI * (h - peak)) / YEAR));
    }
    case "regime_change": {
      const [from, to] = [start + (9 + integer(16)) * HOURS, integer(2) === 0 ? 0.55 : 1.5];
      return of((h) => (h < from ? 1 : to));
    }
    case "shrinking_after_packing": {
      const from = start + (1 + integer(5)) * HOURS;
      const level = (h: number) => 1 - 0.55 * Math.min(1, Math.max(0, (h - from) / (2 * HOURS)));
      return { level, packing: (month) => level(start + (month + 0.5) * HOURS) };
    }
  }
}
