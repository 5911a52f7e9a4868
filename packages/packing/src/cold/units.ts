import type { Unit } from "../bound/certificate.ts";

/** Sizes and capacities of one dimension in whole units: floor(amount x denominator / numerator). */
export function cellsOf(amount: number, unit: Unit): number {
  return Math.floor((amount * unit[1]) / unit[0]);
}

/** Sizes may lie this far above a whole number of units, of themselves, and still count as exact. */
const EXACT = 0.004;
const DIVISORS = 24;
const SMALLEST_SIZES = 40;

/**
 * A unit in which the sizes are whole or nearly so, with at most `maxCells` units in the capacity; undefined when there is
 * none: the sizes have no grain. Tries the greatest common divisor, and the smallest sizes by 1 to 24 (a third of a core is
 * 334 mCPU once rounded up, and 8 units of 1000/24).
 */
export function grainOf(sizes: readonly number[], capacity: number, maxCells: number): Unit | undefined {
  const distinct = [...new Set(sizes)].filter((size) => size > 0).sort((a, b) => a - b);
  if (distinct.length === 0) return [Math.max(1, capacity), 1];
  const candidates: Unit[] = [[distinct.reduce(gcd), 1]];
  for (const size of distinct.slice(0, SMALLEST_SIZES)) {
    for (let divisor = 1; divisor <= DIVISORS; divisor++) {
      candidates.push([size, divisor]);
      const rounded = roundedDown(size);
      if (rounded !== size) candidates.push([rounded, divisor]);
    }
  }
  let best: Unit | undefined;
  let bestCells = Number.POSITIVE_INFINITY;
  for (const unit of candidates) {
    const cells = cellsOf(capacity, unit);
    if (cells > maxCells || cells >= bestCells) continue;
    if (distinct.every((size) => size - (cellsOf(size, unit) * unit[0]) / unit[1] <= EXACT * size)) {
      best = unit;
      bestCells = cells;
    }
  }
  return best;
}

/** 334 came of 1000/3: the nearest thing below with few digits. */
function roundedDown(size: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(size)) - 1);
  return Math.floor(size / step) * step;
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
