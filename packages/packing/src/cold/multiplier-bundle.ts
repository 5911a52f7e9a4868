import type { VectorProblem } from "./vector-problem.ts";

const KEPT = 24;
const STEPS = 300;

/**
 * Patterns that tables came up with for one offer, and the multipliers that they make look best.
 *
 * At multipliers l the table's bound is the largest of value(a) + l . (room - use(a)) over all patterns a; over the patterns
 * seen it is at most that, so its lowest point says where to look next. The patterns stay while values change from round to
 * round: one or two tables find the lowest bound again.
 */
export class MultiplierBundle {
  readonly #problem: VectorProblem;
  readonly #priced: readonly number[];
  readonly #patterns: Int32Array[] = [];
  readonly #last: Float64Array;

  constructor(problem: VectorProblem, priced: readonly number[]) {
    this.#problem = problem;
    this.#priced = priced;
    this.#last = new Float64Array(priced.length);
  }

  /** False when it is known already: looking again there finds nothing new. */
  add(counts: Int32Array): boolean {
    if (this.#patterns.some((known) => known.every((count, c) => count === counts[c]))) return false;
    this.#patterns.push(Int32Array.from(counts));
    if (this.#patterns.length > KEPT) this.#patterns.shift();
    return true;
  }

  /** Multipliers by dimension, where the bound over the patterns seen is lowest. O(steps x patterns x dimensions). */
  lowest(values: Float64Array, room: Int32Array): Float64Array {
    const { dimensions, classes, sizes } = this.#problem;
    const lambda = new Float64Array(dimensions);
    const size = this.#priced.length;
    if (size === 0 || this.#patterns.length === 0) return lambda;
    const planes = this.#patterns.map((counts) => {
      let value = 0;
      const slack = this.#priced.map((d) => room[d] as number);
      for (let c = 0; c < classes; c++) {
        const count = counts[c] as number;
        if (count === 0) continue;
        value += count * (values[c] as number);
        this.#priced.forEach((d, i) => {
          slack[i] = (slack[i] as number) - count * (sizes[c * dimensions + d] as number);
        });
      }
      // In shares of the capacities, so that a step means the same in each.
      return {
        value,
        slack: slack.map((amount, i) => amount / Math.max(1, room[this.#priced[i] as number] as number)),
      };
    });
    const at = this.#last;
    const best = Float64Array.from(at);
    let lowest = Number.POSITIVE_INFINITY;
    const scale = planes.reduce((most, plane) => Math.max(most, plane.value), 0);
    for (let step = 0; step < STEPS; step++) {
      let top = planes[0] as (typeof planes)[number];
      let height = Number.NEGATIVE_INFINITY;
      for (const plane of planes) {
        let sum = plane.value;
        for (let i = 0; i < size; i++) sum += (at[i] as number) * (plane.slack[i] as number);
        if (sum > height) {
          height = sum;
          top = plane;
        }
      }
      if (height < lowest) {
        lowest = height;
        best.set(at);
      }
      let norm = 0;
      for (let i = 0; i < size; i++) {
        const slope = top.slack[i] as number;
        if (!(slope > 0 && at[i] === 0)) norm += slope * slope;
      }
      if (norm === 0) break;
      const length = (scale * 0.5 * 0.97 ** step) / Math.sqrt(norm);
      for (let i = 0; i < size; i++) at[i] = Math.max(0, (at[i] as number) - length * (top.slack[i] as number));
    }
    this.#last.set(best);
    this.#priced.forEach((d, i) => {
      lambda[d] = (best[i] as number) / Math.max(1, room[d] as number);
    });
    return lambda;
  }
}
