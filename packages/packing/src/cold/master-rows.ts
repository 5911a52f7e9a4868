import type { Columns } from "@berth/ports";
import type { Pattern, VectorProblem } from "./vector-problem.ts";

/** Above so many classes the master program has a row for a group of them. */
const MOST_CLASSES = 220;
const GROUPS = 120;

/**
 * The rows of the master program: what a set of patterns must cover.
 *
 * With few classes a row is a class. With many (requests of any size) a row is a group of classes of nearly equal size, and
 * one more for each dimension says that the sizes in all must be covered: the value of a class is then what its sizes are
 * worth and what its group is. Fewer rows relax the program, so its cost bounds less and its duals bound all the same.
 */
export class MasterRows {
  readonly #problem: VectorProblem;
  /** Of each class. */
  readonly #group: Int32Array;
  readonly #groups: number;
  readonly #scales: Float64Array;

  constructor(problem: VectorProblem) {
    this.#problem = problem;
    const { classes, dimensions } = problem;
    this.#group =
      classes <= MOST_CLASSES ? Int32Array.from({ length: classes }, (_, c) => c) : groupsOf(problem, GROUPS);
    this.#groups = this.#group.reduce((most, group) => Math.max(most, group + 1), 0);
    this.#scales = new Float64Array(dimensions);
    if (!this.isByClass) {
      for (let d = 0; d < dimensions; d++) this.#scales[d] = 1 / Math.max(1, this.#total(d, problem.demand) / 1_000);
    }
  }

  /** A row is a class. */
  get isByClass(): boolean {
    return this.#problem.classes <= MOST_CLASSES;
  }

  #total(d: number, wanted: Int32Array): number {
    const { classes, sizes, dimensions } = this.#problem;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += (wanted[c] as number) * (sizes[c * dimensions + d] as number);
    return sum;
  }

  /** What the rows must add up to where so many of each class are wanted. */
  of(wanted: Int32Array): Float64Array {
    const { classes, dimensions } = this.#problem;
    const rows = new Float64Array(this.#groups + (this.isByClass ? 0 : dimensions));
    for (let c = 0; c < classes; c++) {
      const group = this.#group[c] as number;
      rows[group] = (rows[group] as number) + (wanted[c] as number);
    }
    if (!this.isByClass) {
      for (let d = 0; d < dimensions; d++)
        rows[this.#groups + d] = this.#total(d, wanted) * (this.#scales[d] as number);
    }
    return rows;
  }

  /** What one instance of each class is worth at the duals of the rows; never below 0. */
  values(duals: Float64Array): Float64Array {
    const { classes, sizes, dimensions } = this.#problem;
    const values = new Float64Array(classes);
    for (let c = 0; c < classes; c++) {
      let value = Math.max(0, duals[this.#group[c] as number] as number);
      if (!this.isByClass) {
        for (let d = 0; d < dimensions; d++) {
          const dual = Math.max(0, duals[this.#groups + d] as number) * (this.#scales[d] as number);
          value += dual * (sizes[c * dimensions + d] as number);
        }
      }
      values[c] = value;
    }
    return values;
  }

  columns(patterns: readonly Pattern[]): Columns {
    const { sizes, dimensions, prices } = this.#problem;
    const starts = [0];
    const rows: number[] = [];
    const values: number[] = [];
    for (const { classes, counts } of patterns) {
      const byRow = new Map<number, number>();
      const add = (row: number, amount: number) => byRow.set(row, (byRow.get(row) ?? 0) + amount);
      classes.forEach((c, i) => {
        add(this.#group[c] as number, counts[i] as number);
        if (this.isByClass) return;
        for (let d = 0; d < dimensions; d++) {
          const size = sizes[c * dimensions + d] as number;
          if (size > 0) add(this.#groups + d, (counts[i] as number) * size * (this.#scales[d] as number));
        }
      });
      for (const [row, amount] of [...byRow].sort(([a], [b]) => a - b)) {
        rows.push(row);
        values.push(amount);
      }
      starts.push(rows.length);
    }
    return {
      costs: Float64Array.from(patterns, (pattern) => prices[pattern.offer] as number),
      lower: new Float64Array(patterns.length),
      upper: new Float64Array(patterns.length).fill(Number.POSITIVE_INFINITY),
      starts: Int32Array.from(starts),
      rows: Int32Array.from(rows),
      values: Float64Array.from(values),
    };
  }
}

/** Halves the group with the widest spread of sizes, at the median of that dimension, until there are so many. */
function groupsOf(problem: VectorProblem, wanted: number): Int32Array {
  const { classes, sizes, dimensions, admits } = problem;
  const zones = admits.length / Math.max(1, classes);
  const size = (c: number, d: number) => sizes[c * dimensions + d] as number;
  const byZones = new Map<string, number[]>();
  for (let c = 0; c < classes; c++) {
    const key = Array.from({ length: zones }, (_, zone) => admits[zone * classes + c]).join("");
    byZones.set(key, [...(byZones.get(key) ?? []), c]);
  }
  const groups = [...byZones.values()];
  const spreadOf = (group: readonly number[]) => {
    let widest = { d: 0, spread: 0 };
    for (let d = 0; d < dimensions; d++) {
      let low = Number.POSITIVE_INFINITY;
      let high = 0;
      for (const c of group) {
        low = Math.min(low, size(c, d));
        high = Math.max(high, size(c, d));
      }
      const spread = Math.log((high + 1) / (low + 1)) * Math.sqrt(group.length);
      if (spread > widest.spread) widest = { d, spread };
    }
    return widest;
  };
  const spreads = groups.map(spreadOf);
  while (groups.length < wanted) {
    let at = -1;
    for (let i = 0; i < groups.length; i++) {
      const spread = spreads[i] as { spread: number };
      if (spread.spread > 0 && (at === -1 || spread.spread > (spreads[at] as { spread: number }).spread)) at = i;
    }
    if (at === -1) break;
    const { d } = spreads[at] as { d: number };
    const sorted = [...(groups[at] as number[])].sort((a, b) => size(a, d) - size(b, d) || a - b);
    let cut = Math.floor(sorted.length / 2);
    while (cut < sorted.length - 1 && size(sorted[cut] as number, d) === size(sorted[cut - 1] as number, d)) cut++;
    if (size(sorted[cut] as number, d) === size(sorted[cut - 1] as number, d)) {
      cut = Math.floor(sorted.length / 2);
      while (cut > 1 && size(sorted[cut] as number, d) === size(sorted[cut - 1] as number, d)) cut--;
    }
    groups[at] = sorted.slice(0, cut);
    groups.push(sorted.slice(cut));
    spreads[at] = spreadOf(groups[at] as number[]);
    spreads.push(spreadOf(groups[groups.length - 1] as number[]));
  }
  const result = new Int32Array(classes);
  groups.forEach((group, index) => {
    for (const c of group) result[c] = index;
  });
  return result;
}
