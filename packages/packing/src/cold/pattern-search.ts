import type { Unit } from "../bound/certificate.ts";
import { cellsOf } from "./units.ts";
import { fitting, type VectorProblem } from "./vector-problem.ts";

/** A filled table of an offer: what it holds at most in so many units of two dimensions, at values less multipliers x size. */
export interface FilledTable {
  readonly offer: number;
  /** table[p * columns + q]. */
  readonly table: Float64Array;
  readonly columns: number;
  readonly dimensionP: number;
  readonly dimensionQ: number;
  readonly unitP: Unit;
  readonly unitQ: Unit;
  /** By dimension. */
  readonly multipliers: Float64Array;
  /** No pattern is worth more. */
  readonly bound: number;
}

/** The first budget for what a pattern may be below the bound, as a share of what is known; then twice as much, and so on. */
const FIRST_BUDGET = 1 / 64;
const EPSILON = 1e-6;

/**
 * Looks for the most valuable pattern from a table's bound downwards.
 *
 * In a cell, to take one of a class loses what the cell holds beyond that one and the cell that is left; what is left over of
 * a priced dimension at the end is lost too. The losses of a pattern add up to exactly its distance from the bound. So a
 * depth-first search with a budget for losses meets no more than the patterns near the bound, each once: classes come in
 * a fixed order. Most of what a table's own pattern lacks is that it breaks a priced dimension, and another one next to it does
 * not.
 */
export class PatternSearch {
  readonly #problem: VectorProblem;
  readonly #rest: Int32Array;
  readonly #counts: Int32Array;
  readonly #reduced: Float64Array;
  #filled!: FilledTable;
  /** Classes that fit, those worth most first; and from each on, the most that one is worth beyond its priced sizes. */
  #order: number[] = [];
  #mostFrom = new Float64Array(0);
  #copies: Int32Array;
  #nodes = 0;
  #least = 0;
  /** Counts by class of the patterns that the last search found, each better than the one before. */
  found: Int32Array[] = [];

  constructor(problem: VectorProblem) {
    this.#problem = problem;
    this.#rest = new Int32Array(problem.dimensions);
    this.#counts = new Int32Array(problem.classes);
    this.#copies = new Int32Array(problem.classes);
    this.#reduced = new Float64Array(problem.classes);
  }

  /**
   * The value of the best pattern worth more than `known`, last in `found`; undefined where so many nodes showed none. O(nodes x classes).
   */
  search(filled: FilledTable, values: Float64Array, known: number, nodes: number): number | undefined {
    const most = filled.bound - known;
    if (!(most > EPSILON)) return undefined;
    this.#prepare(filled, values);
    this.#nodes = nodes;
    this.found = [];
    for (let budget = most * FIRST_BUDGET; ; budget *= 2) {
      this.#least = Math.min(budget, most);
      this.#descend(0, 0);
      if (this.found.length > 0 || budget >= most || this.#nodes <= 0) break;
    }
    return this.found.at(-1)?.reduce((sum, count, c) => sum + count * (values[c] as number), 0);
  }

  #prepare(filled: FilledTable, values: Float64Array): void {
    const { dimensions, classes, sizes, capacities, demand } = this.#problem;
    const { offer, multipliers } = filled;
    this.#filled = filled;
    this.#rest.set(capacities.subarray(offer * dimensions, (offer + 1) * dimensions));
    this.#counts.fill(0);
    this.#order = [];
    for (let c = 0; c < classes; c++) {
      if (!((values[c] as number) > 0)) continue;
      this.#copies[c] = Math.min(fitting(this.#problem, c, offer), demand[c] as number);
      if (this.#copies[c] === 0) continue;
      let reduced = values[c] as number;
      for (let d = 0; d < dimensions; d++) {
        reduced -= (multipliers[d] as number) * (sizes[c * dimensions + d] as number);
      }
      this.#reduced[c] = reduced;
      this.#order.push(c);
    }
    this.#order.sort((a, b) => (this.#reduced[b] as number) - (this.#reduced[a] as number) || a - b);
    this.#mostFrom = Float64Array.from(this.#order, (c) => Math.max(0, this.#reduced[c] as number));
  }

  #cell(): number {
    const { dimensionP, dimensionQ, unitP, unitQ, columns } = this.#filled;
    return (
      cellsOf(this.#rest[dimensionP] as number, unitP) * columns + cellsOf(this.#rest[dimensionQ] as number, unitQ)
    );
  }

  #take(c: number, count: number): void {
    const { dimensions, sizes } = this.#problem;
    this.#counts[c] = (this.#counts[c] as number) + count;
    for (let d = 0; d < dimensions; d++) {
      this.#rest[d] = (this.#rest[d] as number) - count * (sizes[c * dimensions + d] as number);
    }
  }

  #fits(c: number): boolean {
    const { dimensions, sizes } = this.#problem;
    if ((this.#counts[c] as number) >= (this.#copies[c] as number)) return false;
    for (let d = 0; d < dimensions; d++) {
      if ((sizes[c * dimensions + d] as number) > (this.#rest[d] as number)) return false;
    }
    return true;
  }

  /** Classes from the place in the order on may come; so much is lost already. */
  #descend(from: number, lost: number): void {
    if (this.#nodes-- <= 0) return;
    const { dimensions, countsInstances } = this.#problem;
    const { table, multipliers } = this.#filled;
    const here = table[this.#cell()] as number;
    let atEnd = lost + here;
    for (let d = 0; d < dimensions; d++) atEnd += (multipliers[d] as number) * (this.#rest[d] as number);
    if (atEnd < this.#least - EPSILON) {
      this.#least = atEnd;
      this.found.push(Int32Array.from(this.#counts));
    }
    if (from >= this.#order.length) return;
    const slots = countsInstances ? (this.#rest[dimensions - 1] as number) : Number.POSITIVE_INFINITY;
    const more = Math.min(here, slots * (this.#mostFrom[from] as number));
    if (lost + here - more >= this.#least - EPSILON) return;
    const ways: { readonly at: number; readonly lost: number }[] = [];
    for (let at = from; at < this.#order.length; at++) {
      const c = this.#order[at] as number;
      if (!this.#fits(c)) continue;
      this.#take(c, 1);
      const then = lost + here - (this.#reduced[c] as number) - (table[this.#cell()] as number);
      this.#take(c, -1);
      if (then < this.#least - EPSILON) ways.push({ at, lost: then });
    }
    ways.sort((a, b) => a.lost - b.lost || a.at - b.at);
    for (const way of ways) {
      if (way.lost >= this.#least - EPSILON || this.#nodes <= 0) return;
      const c = this.#order[way.at] as number;
      this.#take(c, 1);
      this.#descend(way.at, way.lost);
      this.#take(c, -1);
    }
  }
}
