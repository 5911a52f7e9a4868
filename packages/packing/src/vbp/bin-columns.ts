import type { Columns, Program, Solver } from "@berth/ports";
import { type EqualBins, fittingInABin, PatternSearch } from "./best-pattern.ts";

/** What a bin is worth in whole numbers. */
const SCALE = 2 ** 30;
/** Share of the steadier duals, those with the best bound so far, in what is priced. */
const SMOOTHING = 0.6;
const VISITS = 100_000;
/** Times VISITS, where nothing was found with fewer. */
const MOST_EFFORT = 128;
/** For each further pattern of a round, disjoint from those before. */
const VISITS_AFTER = 20_000;
/** A column must be worth this much more than a bin to come in. */
const GAIN = 1 + 1e-6;

/** How many of each class go into one bin: classes in ascending order, and how many of each. */
export interface BinPattern {
  readonly classes: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Column generation for equal bins: the restricted master program in the solver, patterns by branch and bound.
 *
 * The bound: let pi be any values and z at least pi . a for every set a that fits a bin. Each bin of a packing holds such a
 * set, so pi . d <= z x bins. pi and z are whole numbers, so the least whole number of bins follows exactly, whatever the
 * solver's floats were.
 */
export class BinColumns {
  readonly #bins: EqualBins;
  readonly #program: Program;
  readonly #search: PatternSearch;
  readonly #known = new Set<string>();
  readonly #columns: BinPattern[] = [];
  #pending: BinPattern[] = [];
  /** Of the last solve, for what was wanted then. */
  #values: Float64Array;
  #steady: Float64Array;
  #steadyBound = 0;
  use: Float64Array = new Float64Array(0);
  /** Of the restricted master program for all items. */
  cost = Number.POSITIVE_INFINITY;
  /** No packing has fewer bins. */
  lowerBound = 0;
  rounds = 0;
  #effort = 1;
  #exhausted = false;

  static async open(bins: EqualBins, solver: Solver): Promise<BinColumns> {
    const lower = Float64Array.from(bins.demand);
    const upper = new Float64Array(bins.classes).fill(Number.POSITIVE_INFINITY);
    return new BinColumns(bins, await solver.openProgram({ lower, upper }));
  }

  private constructor(bins: EqualBins, program: Program) {
    this.#bins = bins;
    this.#program = program;
    this.#search = new PatternSearch(bins);
    this.#values = new Float64Array(bins.classes);
    this.#steady = new Float64Array(bins.classes);
    for (let c = 0; c < bins.classes; c++) this.add({ classes: [c], counts: [fittingInABin(bins, c)] });
  }

  get values(): Float64Array {
    return this.#values;
  }

  get patterns(): readonly BinPattern[] {
    return this.#columns;
  }

  /** A pattern found elsewhere; it takes part from the next solve on. */
  add(pattern: BinPattern): boolean {
    const key = `${pattern.classes.join(",")}:${pattern.counts.join(",")}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    this.#pending.push(pattern);
    return true;
  }

  async close(): Promise<void> {
    await this.#program.close();
  }

  /** One round for all items. */
  async round(): Promise<void> {
    if (this.done) return;
    const { demand } = this.#bins;
    this.cost = await this.solve(demand);
    this.rounds += 1;
    if (this.isTight) return;
    const share = this.#steadyBound > 0 ? SMOOTHING : 0;
    const smoothed = this.#values.map((value, c) => share * (this.#steady[c] as number) + (1 - share) * value);
    for (const values of share > 0 ? [smoothed, this.#values] : [smoothed]) {
      const { added, bound } = this.#price(values, demand, VISITS * this.#effort);
      this.#keepBound(values, bound);
      if (added > 0 || this.isTight) return;
    }
    // Nothing was found: that is all there is, or the search ended too early to say.
    if (this.#effort < MOST_EFFORT) this.#effort *= 2;
    else this.#exhausted = true;
  }

  /** The bound is the program's cost rounded up: no better one comes of it. */
  get isTight(): boolean {
    return this.lowerBound >= this.cost - 1e-6;
  }

  /** Further rounds change nothing. */
  get done(): boolean {
    return this.#exhausted || this.isTight;
  }

  /** Nothing was found in the last round: dives may begin. */
  get settled(): boolean {
    return this.done || this.#effort > 1;
  }

  /** The least number of bins, in parts, for what is wanted; `values` and `use` are of it afterwards. */
  async solve(wanted: Int32Array): Promise<number> {
    if (this.#pending.length > 0) {
      await this.#program.addColumns(columnsOf(this.#pending));
      this.#columns.push(...this.#pending);
      this.#pending = [];
    }
    await this.#program.setRowBounds({
      lower: Float64Array.from(wanted),
      upper: new Float64Array(wanted.length).fill(Number.POSITIVE_INFINITY),
    });
    const solution = await this.#program.solve();
    if (!("duals" in solution)) throw new Error(`the master program ended ${solution.outcome}`);
    this.use = solution.columns;
    this.#values = solution.duals.map((dual, c) => (this.#takesNothing(c) ? 0 : Math.max(0, dual)));
    return solution.objective;
  }

  #takesNothing(c: number): boolean {
    const { dimensions, sizes } = this.#bins;
    return sizes.subarray(c * dimensions, (c + 1) * dimensions).every((size) => size === 0);
  }

  /** Patterns of what is wanted that are worth more than a bin at the values of the last solve; how many were new. */
  price(wanted: Int32Array): number {
    return this.#price(this.#values, wanted, VISITS_AFTER).added;
  }

  /** The best pattern, then the best of the items that are in none yet, and so on; no set of all is worth more than the bound. */
  #price(values: Float64Array, wanted: Int32Array, visits: number): { readonly added: number; readonly bound: number } {
    const { classes } = this.#bins;
    const worth = inWhole(values);
    const search = this.#search;
    const left = Int32Array.from(wanted);
    let found = search.run(worth, left, SCALE, visits);
    const { bound } = search;
    let added = 0;
    while (found) {
      let value = 0;
      for (let c = 0; c < classes; c++) value += (this.#values[c] as number) * (search.best[c] as number);
      if (value > GAIN && this.add(this.#filled(search.best, left))) added += 1;
      for (let c = 0; c < classes; c++) left[c] = (left[c] as number) - (search.best[c] as number);
      found = search.run(worth, left, SCALE, VISITS_AFTER, true);
    }
    return { added, bound };
  }

  /** `most` is at least what any set that fits a bin is worth, in whole numbers. */
  #keepBound(values: Float64Array, most: number): void {
    const { classes, demand } = this.#bins;
    const worth = inWhole(values);
    let total = 0n;
    for (let c = 0; c < classes; c++) total += BigInt(worth[c] as number) * BigInt(demand[c] as number);
    this.lowerBound = Math.max(this.lowerBound, Number((total + BigInt(most) - 1n) / BigInt(most)));
    const bound = Number(total) / most;
    if (bound > this.#steadyBound) {
      this.#steadyBound = bound;
      this.#steady = worth.map((one) => one / most);
    }
  }

  /** With more items in the room that is left: worth nothing now, they may be later. */
  #filled(counts: Int32Array, left: Int32Array): BinPattern {
    const { dimensions, classes, sizes, capacity, demand } = this.#bins;
    const room = Int32Array.from(capacity);
    const filled = Int32Array.from(counts);
    const take = (c: number, count: number) => {
      for (let d = 0; d < dimensions; d++)
        room[d] = (room[d] as number) - count * (sizes[c * dimensions + d] as number);
    };
    for (let c = 0; c < classes; c++) if ((counts[c] as number) > 0) take(c, counts[c] as number);
    for (const pool of [left, demand]) {
      for (let c = 0; c < classes; c++) {
        while ((filled[c] as number) < (pool[c] as number)) {
          let fits = true;
          for (let d = 0; d < dimensions; d++) fits &&= (sizes[c * dimensions + d] as number) <= (room[d] as number);
          if (!fits) break;
          take(c, 1);
          filled[c] = (filled[c] as number) + 1;
        }
      }
    }
    return patternOf(filled);
  }
}

function inWhole(values: Float64Array): Float64Array {
  return values.map((value) => Math.floor(value * SCALE));
}

export function patternOf(counts: Int32Array): BinPattern {
  const classes = Array.from(counts.keys()).filter((c) => (counts[c] as number) > 0);
  return { classes, counts: classes.map((c) => counts[c] as number) };
}

function columnsOf(patterns: readonly BinPattern[]): Columns {
  const starts = [0];
  for (const { classes } of patterns) starts.push((starts.at(-1) ?? 0) + classes.length);
  return {
    costs: new Float64Array(patterns.length).fill(1),
    lower: new Float64Array(patterns.length),
    upper: new Float64Array(patterns.length).fill(Number.POSITIVE_INFINITY),
    starts: Int32Array.from(starts),
    rows: Int32Array.from(patterns.flatMap(({ classes }) => classes)),
    values: Float64Array.from(patterns.flatMap(({ counts }) => counts)),
  };
}
