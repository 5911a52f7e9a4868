import { wholePart } from "./cell-table.ts";

/** An amount becomes floor(amount x numerator / denominator) cells. */
export interface Scale {
  readonly numerator: number;
  readonly denominator: number;
}

/** For a dimension that cannot bind: everything takes no cell. */
export const NO_CELLS: Scale = { numerator: 0, denominator: 1 };

/** References that a scale is tried against. */
const REFERENCES = 6;

/** amount x numerator must be a safe integer: the search checks it once, for the capacity. */
export function toCells(amount: number, { numerator, denominator }: Scale): number {
  return wholePart(amount * numerator, denominator);
}

/**
 * A scale with at most so many cells for the capacity, and little lost by rounding sizes down: the greatest common divisor
 * where that has few enough, else the one of those tried by which sizes lose the least share of themselves in sum. Any
 * scale is valid: floor(a) + floor(b) <= floor(a + b).
 */
export function chooseScale(sizes: readonly number[], capacity: number, mostCells: number): Scale {
  const distinct = [...new Set(sizes.filter((size) => size > 0))].sort((a, b) => a - b);
  if (distinct.length === 0) return NO_CELLS;
  const divisor = distinct.reduce(greatestCommonDivisor);
  if (wholePart(capacity, divisor) < mostCells) return { numerator: 1, denominator: divisor };
  let best: Scale = { numerator: Math.max(1, mostCells - 1), denominator: capacity };
  let least = lossOf(distinct, best);
  for (const denominator of distinct.slice(0, REFERENCES)) {
    for (let numerator = 1; wholePart(capacity * numerator, denominator) < mostCells; numerator++) {
      const scale = { numerator, denominator };
      const loss = lossOf(distinct, scale);
      if (loss < least) [best, least] = [scale, loss];
    }
  }
  return best;
}

/** What rounding down takes of each size, in thousandths of it, in sum. */
function lossOf(sizes: readonly number[], { numerator, denominator }: Scale): number {
  let loss = 0;
  for (const size of sizes) {
    const scaled = size * numerator;
    loss += wholePart((scaled % denominator) * 1_000, scaled);
  }
  return loss;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
