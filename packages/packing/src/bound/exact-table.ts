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
export function mostInTable(classes: readonly TableClass[], p: number, q: number): number {
  const columns = q + 1;
  const table = new Float64Array((p + 1) * columns);
  for (const one of classes) {
    if (one.value <= 0 || one.p > p || one.q > q) continue;
    const fits = Math.min(
      one.p > 0 ? Math.floor(p / one.p) : Number.POSITIVE_INFINITY,
      one.q > 0 ? Math.floor(q / one.q) : Number.POSITIVE_INFINITY,
    );
    if (fits === Number.POSITIVE_INFINITY) {
      for (let cell = 0; cell < table.length; cell++) table[cell] = (table[cell] as number) + one.value * one.demand;
    } else if (one.demand >= fits) {
      takeAny(table, columns, one);
    } else {
      let left = one.demand;
      for (let share = 1; left > 0; share *= 2) {
        const taken = Math.min(share, left);
        takeOnce(table, columns, { p: one.p * taken, q: one.q * taken, value: one.value * taken, demand: 1 });
        left -= taken;
      }
    }
  }
  return table[table.length - 1] as number;
}

function takeAny(table: Float64Array, columns: number, { p, q, value }: TableClass): void {
  const back = p * columns + q;
  for (let start = p * columns; start < table.length; start += columns) {
    for (let cell = start + q; cell < start + columns; cell++) {
      const sum = (table[cell - back] as number) + value;
      if (sum > (table[cell] as number)) table[cell] = sum;
    }
  }
}

function takeOnce(table: Float64Array, columns: number, { p, q, value }: TableClass): void {
  const back = p * columns + q;
  for (let start = table.length - columns; start >= p * columns; start -= columns) {
    for (let cell = start + columns - 1; cell >= start + q; cell--) {
      const sum = (table[cell - back] as number) + value;
      if (sum > (table[cell] as number)) table[cell] = sum;
    }
  }
}
