import type { Unit } from "../bound/certificate.ts";
import { MaxPlusTable } from "../table/max-plus-table.ts";
import { FluidPricing } from "./fluid-pricing.ts";
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
  /** Multipliers alone bound the offer: in units larger than it, a table of one cell, only what does not fit it is left out. */
  readonly isFluid: boolean;
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
 * O(classes x cells), twice for a class of which there are few. The pattern that explains the table's value may break a priced
 * dimension: it serves the multipliers alone, and `PatternSearch` finds those that fit.
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
  readonly #table = new MaxPlusTable();
  /** Classes that one of fits the offer: those whose demand never binds, and the others. */
  #plenty: number[] = [];
  #few: number[] = [];
  /** Of both, those that no other of the plenty makes needless at the multipliers of the last table. */
  #taken: number[] = [];
  #rows = 0;
  #columns = 0;
  #unitP: Unit = [1, 1];
  #unitQ: Unit = [1, 1];
  readonly #patterns: PatternSearch;
  readonly #fluid: FluidPricing;
  /** By offer: 1 where the last search's bound is the fluid one. */
  readonly #isFluid: Uint8Array;
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
    this.#fluid = new FluidPricing(problem);
    this.#isFluid = new Uint8Array(offers);
  }

  #grain(d: number): Unit | undefined {
    const { dimensions, classes, sizes } = this.#problem;
    const all = Array.from({ length: classes }, (_, c) => sizes[c * dimensions + d] as number);
    return grainOf(all, largestCapacity(this.#problem, d), FINEST_GRAIN);
  }

  /** The relaxation that gave the last search's bound. */
  relaxationOf(offer: number): Relaxation {
    const { dimensions, capacities } = this.#problem;
    const room = (d: number) => capacities[offer * dimensions + d] as number;
    const isFluid = this.#isFluid[offer] === 1;
    return {
      multipliers: this.#bestMultipliers.slice(offer * dimensions, (offer + 1) * dimensions),
      unitP: isFluid ? [room(this.#p) + 1, 1] : this.#unitOf(offer, this.#p, this.#grainP),
      unitQ: isFluid ? [room(this.#q) + 1, 1] : this.#unitOf(offer, this.#q, this.#grainQ),
      isFluid,
    };
  }

  /** The bound of an offer's most valuable pattern where instances may be cut. */
  fluidBound(offer: number, values: Float64Array): number {
    return this.#fluid.price(offer, values).bound;
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
   * Prices an offer at the values (by class, >= 0): where instances may be cut first, then with so many tables. Stops early
   * when the bound is no more than `enough`: nothing there is of interest then. Patterns worth no more than `known` are not
   * looked for, and others no longer than so many nodes of a table.
   */
  search(offer: number, values: Float64Array, tables: number, enough: number, known: number, nodes: number): Priced {
    const { dimensions, capacities } = this.#problem;
    const room = capacities.subarray(offer * dimensions, (offer + 1) * dimensions);
    const bundle = this.#bundleOf(offer);
    const bestLambda = this.#bestMultipliers.subarray(offer * dimensions, (offer + 1) * dimensions);
    this.found = [];
    const fluid = this.#fluid.price(offer, values);
    bestLambda.set(fluid.multipliers);
    this.#isFluid[offer] = 1;
    if (fluid.bound <= enough) return { value: 0, bound: fluid.bound };
    this.#prepare(offer, room);
    let bestValue = 0;
    let lowest = fluid.bound;
    let bestBound = Number.POSITIVE_INFINITY;
    for (let round = 0; round < tables; round++) {
      const lambda = bundle.lowest(values, room);
      const bound = this.#evaluate(offer, values, room, lambda);
      const isLow = bound < bestBound * (1 + NEAR);
      if (bound < bestBound) {
        bestBound = bound;
        if (bound < lowest) {
          lowest = bound;
          bestLambda.set(lambda);
          this.#isFluid[offer] = 0;
        }
      }
      if (lowest <= enough) break;
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
        if (bestValue >= lowest * (1 - CLOSE)) break;
      }
      this.#trace();
      if (!bundle.add(this.#counts)) break;
    }
    return { value: bestValue, bound: lowest };
  }

  #filled(offer: number, multipliers: Float64Array, bound: number): FilledTable {
    return {
      offer,
      table: this.#table.cells,
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
  #evaluate(offer: number, values: Float64Array, room: Int32Array, lambda: Float64Array): number {
    for (const c of [...this.#plenty, ...this.#few]) {
      let value = values[c] as number;
      for (const d of this.#priced) value -= (lambda[d] as number) * this.#size(c, d);
      this.#reduced[c] = value;
    }
    this.#table.reset(this.#rows, this.#columns);
    this.#taken = [];
    for (const c of this.#plenty) {
      if (this.#isNeedless(c)) continue;
      this.#taken.push(c);
      const [dp, dq, value] = [this.#cellP[c] as number, this.#cellQ[c] as number, this.#reduced[c] as number];
      // Smaller than a unit of either: another dimension says how many there can be.
      if (dp === 0 && dq === 0) this.#table.takeUpTo(fitting(this.#problem, c, offer), 0, 0, value);
      else this.#table.takeAny(dp, dq, value);
    }
    for (const c of this.#few) {
      if (this.#isNeedless(c)) continue;
      this.#taken.push(c);
      const copies = this.#problem.demand[c] as number;
      this.#table.takeUpTo(copies, this.#cellP[c] as number, this.#cellQ[c] as number, this.#reduced[c] as number);
    }
    let bound = this.#table.most;
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
      // Of one that needs no unit the table takes only as many as fit alone.
      if (this.#cellP[other] === 0 && this.#cellQ[other] === 0) return false;
      const more = (this.#reduced[other] as number) - value;
      if (more !== 0) return more > 0;
      const same = this.#cellP[other] === p && this.#cellQ[other] === q;
      return !same || other < c || !this.#plenty.includes(c);
    });
  }

  /**
   * A pattern that explains the table's best value, into `#counts`: from the last cell on, one of the class that loses least.
   * It may take more of a scarce class than there is, and break a priced dimension: it says where to look for multipliers.
   */
  #trace(): void {
    const { cells } = this.#table;
    this.#counts.fill(0);
    let p = this.#rows - 1;
    let q = this.#columns - 1;
    for (let here = cells[cells.length - 1] as number; here > 0; ) {
      let next = NO_CLASS;
      let least = Number.POSITIVE_INFINITY;
      for (const c of this.#taken) {
        const [dp, dq] = [this.#cellP[c] as number, this.#cellQ[c] as number];
        if (p < dp || q < dq || dp + dq === 0) continue;
        const before = (p - dp) * this.#columns + q - dq;
        const lost = Math.abs(here - (this.#reduced[c] as number) - (cells[before] as number));
        if (lost < least) {
          least = lost;
          next = c;
        }
      }
      if (next === NO_CLASS) return;
      this.#counts[next] = (this.#counts[next] as number) + 1;
      p -= this.#cellP[next] as number;
      q -= this.#cellQ[next] as number;
      here = cells[p * this.#columns + q] as number;
    }
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
