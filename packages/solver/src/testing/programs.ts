import type { Columns, RowBounds } from "@berth/ports";

/** Sparse columns from dense ones, each of its cost and a coefficient a row; upper bounds are infinite unless given. */
export function columns(
  dense: readonly (readonly [cost: number, ...coefficients: number[]])[],
  upper = Infinity,
): Columns {
  const entries = dense.map(([, ...coefficients]) => [...coefficients.entries()].filter(([, value]) => value !== 0));
  const starts = [0];
  for (const column of entries) starts.push((starts.at(-1) ?? 0) + column.length);
  return {
    costs: Float64Array.from(dense, ([cost]) => cost),
    lower: new Float64Array(dense.length),
    upper: new Float64Array(dense.length).fill(upper),
    starts: Int32Array.from(starts),
    rows: Int32Array.from(entries.flat(), ([row]) => row),
    values: Float64Array.from(entries.flat(), ([, value]) => value),
  };
}

export const atLeast = (...lower: number[]): RowBounds => ({
  lower: Float64Array.from(lower),
  upper: new Float64Array(lower.length).fill(Infinity),
});
export const atMost = (...upper: number[]): RowBounds => ({
  lower: new Float64Array(upper.length).fill(-Infinity),
  upper: Float64Array.from(upper),
});

/** Whole numbers from 1 to `most`, the same for the same seed. */
function numbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 48271) % 2147483647;
    return (state % most) + 1;
  };
}

/** A covering program with `rows` rows of demand and a column for each of `count` random patterns. */
export function covering(seed: number, rows: number, count: number): { rows: RowBounds; columns: Columns } {
  const next = numbers(seed);
  const dense = Array.from({ length: count }, (): [number, ...number[]] => {
    const pattern = Array.from({ length: rows }, () => (next(5) === 1 ? next(4) : 0));
    return [3 + pattern.reduce((sum, one) => sum + one, 0) + next(20) / 7, ...pattern];
  });
  const single = Array.from({ length: rows }, (_, row): [number, ...number[]] => [
    9,
    ...Array.from({ length: rows }, (__, other) => (other === row ? 1 : 0)),
  ]);
  return { rows: atLeast(...Array.from({ length: rows }, () => next(40))), columns: columns([...single, ...dense]) };
}
