import type { MaxPlusTable } from "../table/max-plus-table.ts";

/** Classes as a knapsack over two whole-number dimensions sees them; values are whole and >= 0. */
export interface TableClass {
  readonly p: number;
  readonly q: number;
  readonly value: number;
  readonly demand: number;
}

/**
 * The most value of classes, of each no more than its demand, that keep within p and q: exact, as all sums are whole and
 * below 2^53. O(cells x classes), times the logarithm of the demand where that binds.
 */
export function mostInTable(table: MaxPlusTable, classes: readonly TableClass[], p: number, q: number): number {
  table.reset(p + 1, q + 1);
  let free = 0;
  for (const one of classes) {
    if (one.value <= 0 || one.p > p || one.q > q) continue;
    const fits = Math.min(
      one.p > 0 ? Math.floor(p / one.p) : Number.POSITIVE_INFINITY,
      one.q > 0 ? Math.floor(q / one.q) : Number.POSITIVE_INFINITY,
    );
    // What needs no room is in every set.
    if (fits === Number.POSITIVE_INFINITY) free += one.value * one.demand;
    else if (one.demand >= fits) table.takeAny(one.p, one.q, one.value);
    else table.takeUpTo(one.demand, one.p, one.q, one.value);
  }
  return table.most + free;
}
