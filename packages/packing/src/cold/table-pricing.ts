import type { Unit } from "../bound/certificate.ts";
import { MultiplierBundle } from "./multiplier-bundle.ts";
import { type FilledTable, PatternSearch } from "./pattern-search.ts";
import { cellsOf, grainOf } from "./units.ts";
import { fitting, largestCapacity, type VectorProblem } from "./vector-problem.ts";

/** What pricing an offer found. */
export interface Priced {
  /** Of the pattern found, which fits. */
  readonly value: number;
  /** No pattern is worth more. */
  readonly bound: number;
}

/** The relaxation that gave a bound: how the certificate proves it. */
export interface Relaxation {
  /** By dimension, micro-dollars an hour per unit of size. */
  readonly multipliers: Float64Array;
  readonly unitP: Unit;
  readonly unitQ: Unit;
}

const NO_CLASS = -1;
/** Most units of a dimension where its sizes are whole in them. */
const FINEST_GRAIN = 2_000;
/** A pattern this near to the bound, as a share, is good enough: more tables would only better the proof. */
const CLOSE = 1e-4;
/** Patterns are looked for in tables whose bound is this near to the lowest, as a share: others say little. */
const NEAR = 2e-3;
/** Classes with more demand than this count as plenty: what a table takes too much of is mended, and its bound holds. */
const MOST_OF_A_SCARCE_CLASS = 3;

/**
 * The most valuable pattern of an offer, and how much more there can be at most: the first two dimensions (CPU and memory) in a
 * table, the others priced by multipliers that a subgradient step betters with every table.
 *
 * table[p * columns + q] is the most that fits p and q units of the two dimensions, at values less multipliers x size:
 * O(classes x cells). Classes with room for all of their demand come last, and their counts are kept a byte a cell, so that
 * a pattern never takes more than there is; the others are traced by looking which class explains a cell. The table's own
 * pattern may break a priced dimension: it serves the multipliers alone, and `PatternSearch` finds those that fit.
 */
export class TablePricing {
  readonly #problem: VectorProblem;
  readonly #p: number;
  readonly #q: number;
  readonly #priced: readonly number[];
  readonly #grainP: Unit | undefined;
  readonly #grainQ: Unit | undefined;
  readonly #maxCells: number;
  readonly #bundles = new Map<number, MultiplierBundle>();
  readonly #bestMultipliers: Float64Array;
  readonly #cellP: Int32Array;
  readonly #cellQ: Int32Array;
  readonly #reduced: Float64Array;
  readonly #counts: Int32Array;
  #table = new Float64Array(0);
  #choices = new Uint8Array(0);
  /** Classes that one of fits the offer: those whose demand never binds, and the others. */
  #plenty: number[] = [];
  #few: number[] = [];
  /** Of those, the ones that no other of the plenty makes needless at the multipliers of the last table. */
  #free: number[] = [];
  #scarce: number[] = [];
  #rows = 0;
  #columns = 0;
  #unitP: Unit = [1, 1];
  #unitQ: Unit = [1, 1];
  readonly #patterns: PatternSearch;
  /** Counts by class of the patterns that the last search found. */
  found: Int32Array[] = [];

  constructor(problem: VectorProblem, maxCells: number) {
    this.#problem = problem;
    this.#maxCells = maxCells;
    const { dimensions, classes, offers } = problem;
    this.#p = 0;
    this.#q = Math.min(1, dimensions - 1);
    this.#priced = Array.from({ length: dimensions }, (_, d) => d).filter((d) => d > 1 && !isNeedless(problem, d));
    this.#grainP = this.#grain(this.#p);
    this.#grainQ = this.#grain(this.#q);
    this.#bestMultipliers = new Float64Array(offers * dimensions);
    this.#cellP = new Int32Array(classes);
    this.#cellQ = new Int32Array(classes);
    this.#reduced = new Float64Array(classes);
    this.#counts = new Int32Array(classes);
    this.#patterns = new PatternSearch(problem);
  }

  #grain(d: number): Unit | undefined {
    const { dimensions, classes, sizes } = this.#problem;
    const all = Array.from({ length: classes }, (_, c) => sizes[c * dimensions + d] as number);
    return grainOf(all, largestCapacity(this.#problem, d), FINEST_GRAIN);
  }

  /** The relaxation that gave the last search's bound. */
  relaxationOf(offer: number): Relaxation {
    const { dimensions } = this.#problem;
    return {
      multipliers: this.#bestMultipliers.slice(offer * dimensions, (offer + 1) * dimensions),
      unitP: this.#unitOf(offer, this.#p, this.#grainP),
      unitQ: this.#unitOf(offer, this.#q, this.#grainQ),
    };
  }

  /** Size of the offer's table. */
  cellsOf(offer: number): number {
    const { dimensions, capacities } = this.#problem;
    const p =
      cellsOf(capacities[offer * dimensions + this.#p] as number, this.#unitOf(offer, this.#p, this.#grainP)) + 1;
    const q =
      cellsOf(capacities[offer * dimensions + this.#q] as number, this.#unitOf(offer, this.#q, this.#grainQ)) + 1;
    return p * q;
  }

  #unitOf(offer: number, d: number, grain: Unit | undefined): Unit {
    if (grain !== undefined) return grain;
    const capacity = this.#problem.capacities[offer * this.#problem.dimensions + d] as number;
    return [Math.max(1, Math.ceil((capacity + 1) / this.#maxCells)), 1];
  }

  /**
   * Prices an offer at the values (by class, >= 0) with so many tables. Stops early when the bound is no more than
   * `enough`: nothing there is of interest then. Patterns worth no more than `known` are
   * not looked for, and others no longer than so many nodes of a table.
   */
  search(offer: number, values: Float64Array, tables: number, enough: number, known: number, nodes: number): Priced {
    const { dimensions, capacities } = this.#problem;
    const room = capacities.subarray(offer * dimensions, (offer + 1) * dimensions);
    const bundle = this.#bundleOf(offer);
    const bestLambda = this.#bestMultipliers.subarray(offer * dimensions, (offer + 1) * dimensions);
    this.#prepare(offer, room);
    this.found = [];
    let bestValue = 0;
    let bestBound = Number.POSITIVE_INFINITY;
    for (let round = 0; round < tables; round++) {
      const lambda = bundle.lowest(values, room);
      const bound = this.#evaluate(values, room, lambda);
      const isLow = bound < bestBound * (1 + NEAR);
      if (bound < bestBound) {
        bestBound = bound;
        bestLambda.set(lambda);
      }
      if (bestBound <= enough) break;
      if (isLow) {
        const value = this.#patterns.search(
          this.#filled(offer, lambda, bound),
          values,
          Math.max(known, bestValue),
          nodes,
        );
        if (value !== undefined) {
          bestValue = value;
          this.found.push(...this.#patterns.found);
        }
        if (bestValue >= bestBound * (1 - CLOSE)) break;
      }
      this.#trace();
      if (!bundle.add(this.#counts)) break;
    }
    return { value: bestValue, bound: bestBound };
  }

  #filled(offer: number, multipliers: Float64Array, bound: number): FilledTable {
    return {
      offer,
      table: this.#table,
      columns: this.#columns,
      dimensionP: this.#p,
      dimensionQ: this.#q,
      unitP: this.#unitP,
      unitQ: this.#unitQ,
      multipliers,
      bound,
    };
  }

  #bundleOf(offer: number): MultiplierBundle {
    const known = this.#bundles.get(offer);
    if (known !== undefined) return known;
    const made = new MultiplierBundle(this.#problem, this.#priced);
    this.#bundles.set(offer, made);
    return made;
  }

  #size(c: number, d: number): number {
    return this.#problem.sizes[c * this.#problem.dimensions + d] as number;
  }

  #prepare(offer: number, room: Int32Array): void {
    const { classes, demand } = this.#problem;
    this.#unitP = this.#unitOf(offer, this.#p, this.#grainP);
    this.#unitQ = this.#unitOf(offer, this.#q, this.#grainQ);
    this.#rows = cellsOf(room[this.#p] as number, this.#unitP) + 1;
    this.#columns = cellsOf(room[this.#q] as number, this.#unitQ) + 1;
    this.#plenty = [];
    this.#few = [];
    for (let c = 0; c < classes; c++) {
      this.#cellP[c] = cellsOf(this.#size(c, this.#p), this.#unitP);
      this.#cellQ[c] = cellsOf(this.#size(c, this.#q), this.#unitQ);
      const fits = fitting(this.#problem, c, offer);
      const wanted = demand[c] as number;
      if (fits === 0 || wanted === 0) continue;
      if (wanted >= fits || wanted > MOST_OF_A_SCARCE_CLASS) this.#plenty.push(c);
      else this.#few.push(c);
    }
  }

  /** Fills the table and gives the bound that follows. */
  #evaluate(values: Float64Array, room: Int32Array, lambda: Float64Array): number {
    const { demand } = this.#problem;
    const rows = this.#rows;
    const columns = this.#columns;
    const cells = rows * columns;
    if (this.#table.length < cells) this.#table = new Float64Array(cells);
    const table = this.#table;
    table.fill(0, 0, cells);
    for (const c of [...this.#plenty, ...this.#few]) {
      let value = values[c] as number;
      for (const d of this.#priced) value -= (lambda[d] as number) * this.#size(c, d);
      this.#reduced[c] = value;
    }
    this.#free = this.#plenty.filter((c) => !this.#isNeedless(c));
    this.#scarce = this.#few.filter((c) => !this.#isNeedless(c));
    for (const c of this.#free) {
      const value = this.#reduced[c] as number;
      if (value <= 0) continue;
      const dp = this.#cellP[c] as number;
      const dq = this.#cellQ[c] as number;
      const back = dp * columns + dq;
      for (let p = dp; p < rows; p++) {
        const end = (p + 1) * columns;
        for (let cell = p * columns + dq; cell < end; cell++) {
          const taken = (table[cell - back] as number) + value;
          if (taken > (table[cell] as number)) table[cell] = taken;
        }
      }
    }
    if (this.#choices.length < this.#scarce.length * cells) this.#choices = new Uint8Array(this.#scarce.length * cells);
    this.#scarce.forEach((c, index) => {
      const choices = this.#choices.subarray(index * cells, (index + 1) * cells);
      choices.fill(0);
      const value = this.#reduced[c] as number;
      if (value <= 0) return;
      const dp = this.#cellP[c] as number;
      const dq = this.#cellQ[c] as number;
      const back = dp * columns + dq;
      const most = demand[c] as number;
      // Downwards, so that what is read holds none of this class yet.
      for (let p = rows - 1; p >= dp; p--) {
        for (let q = columns - 1; q >= dq; q--) {
          const cell = p * columns + q;
          let best = table[cell] as number;
          let chosen = 0;
          for (let count = 1; count <= most; count++) {
            if (p < count * dp || q < count * dq) break;
            const taken = (table[cell - count * back] as number) + count * value;
            if (taken > best) {
              best = taken;
              chosen = count;
            }
          }
          table[cell] = best;
          choices[cell] = chosen;
        }
      }
    });
    let bound = table[cells - 1] as number;
    for (const d of this.#priced) bound += (lambda[d] as number) * (room[d] as number);
    return bound;
  }

  /** Worth nothing beyond its sizes, or another of the plenty is nowhere larger and worth no less. */
  #isNeedless(c: number): boolean {
    const value = this.#reduced[c] as number;
    if (value <= 0) return true;
    const p = this.#cellP[c] as number;
    const q = this.#cellQ[c] as number;
    return this.#plenty.some((other) => {
      if (other === c || (this.#cellP[other] as number) > p || (this.#cellQ[other] as number) > q) return false;
      const more = (this.#reduced[other] as number) - value;
      if (more !== 0) return more > 0;
      const same = this.#cellP[other] === p && this.#cellQ[other] === q;
      return !same || other < c || !this.#plenty.includes(c);
    });
  }

  /** The table's own best pattern, into `#counts`. */
  #trace(): void {
    const cells = this.#rows * this.#columns;
    this.#counts.fill(0);
    let cell = cells - 1;
    for (let index = this.#scarce.length - 1; index >= 0; index--) {
      const count = this.#choices[index * cells + cell] as number;
      if (count === 0) continue;
      const c = this.#scarce[index] as number;
      this.#counts[c] = count;
      cell -= count * ((this.#cellP[c] as number) * this.#columns + (this.#cellQ[c] as number));
    }
    // Below the scarce classes the table holds more than the free ones alone made of it, except on the path: the free part
    // is made again only where scarce ones took part.
    if (this.#scarce.some((c) => (this.#reduced[c] as number) > 0)) this.#refillFree(cell);
    for (;;) {
      const next = this.#freeClassAt(cell);
      if (next === NO_CLASS) return;
      this.#counts[next] = (this.#counts[next] as number) + 1;
      cell -= (this.#cellP[next] as number) * this.#columns + (this.#cellQ[next] as number);
    }
  }

  /** The table of the free classes alone, as far as the cell. */
  #refillFree(cell: number): void {
    const columns = this.#columns;
    const lastP = Math.floor(cell / columns);
    const lastQ = cell % columns;
    const table = this.#table;
    table.fill(0, 0, (lastP + 1) * columns);
    for (const c of this.#free) {
      const value = this.#reduced[c] as number;
      if (value <= 0) continue;
      const dp = this.#cellP[c] as number;
      const dq = this.#cellQ[c] as number;
      const back = dp * columns + dq;
      for (let p = dp; p <= lastP; p++) {
        const end = p * columns + lastQ + 1;
        for (let at = p * columns + dq; at < end; at++) {
          const taken = (table[at - back] as number) + value;
          if (taken > (table[at] as number)) table[at] = taken;
        }
      }
    }
  }

  #freeClassAt(cell: number): number {
    const columns = this.#columns;
    const table = this.#table;
    const here = table[cell] as number;
    if (here === 0) return NO_CLASS;
    const p = Math.floor(cell / columns);
    const q = cell % columns;
    for (const c of this.#free) {
      const value = this.#reduced[c] as number;
      if (value <= 0 || p < (this.#cellP[c] as number) || q < (this.#cellQ[c] as number)) continue;
      const before = cell - (this.#cellP[c] as number) * columns - (this.#cellQ[c] as number);
      if ((table[before] as number) + value === here) return c;
    }
    return NO_CLASS;
  }
}

/** Another dimension always runs out first. */
function isNeedless(problem: VectorProblem, d: number): boolean {
  const { dimensions, classes, offers, sizes, capacities } = problem;
  for (let e = 0; e < dimensions; e++) {
    if (e === d) continue;
    let covers = true;
    let equal = true;
    for (let c = 0; c < classes && covers; c++) {
      const mine = sizes[c * dimensions + d] as number;
      const other = sizes[c * dimensions + e] as number;
      covers = mine <= other;
      equal &&= mine === other;
    }
    for (let o = 0; o < offers && covers; o++) {
      const mine = capacities[o * dimensions + d] as number;
      const other = capacities[o * dimensions + e] as number;
      covers = mine >= other;
      equal &&= mine === other;
    }
    if (covers && (!equal || e < d)) return true;
  }
  return false;
}
