import type { Columns, Program, Solver } from "@berth/ports";
import { dominators } from "./dominance.ts";
import { MasterRows } from "./master-rows.ts";
import { TablePricing } from "./table-pricing.ts";
import { fitting, mayGo, type Pattern, patternOf, type VectorProblem } from "./vector-problem.ts";

export interface ColumnOptions {
  /** Units of a dimension in a pricing table, where its sizes have no grain of their own. */
  readonly cellsPerDimension: number;
  /** Ends when the bound is within this share of the cost. */
  readonly gap: number;
}

/** Share of the steadier duals, those with the best bound so far, in the duals that are priced. */
const SMOOTHING = 0.8;
const TABLES = 4;
/** Of a search for patterns in one table, where classes are a hundred; fewer where they are more, as a node looks at each. */
const LEAST_NODES = 2_000;
const MOST_NODES = 40_000;
const CLASSES_A_NODE = 100;
/** Cells up to which an offer's table counts as small: priced in every round. */
const SMALL_TABLE = 100_000;
/** At smoothed values, an offer whose bound is this share of its price hardly has a pattern that betters the program. */
const ALMOST = 0.99;
/** Patterns worth no more than this share of the price at the values asked for will not better the program at its own. */
const WORTHWHILE = 0.97;
/** A bound over some offers must be better than one over all of them by this much to be preferred, as it may yet fall. */
const NEARLY = 0.99;

/**
 * Column generation over a problem's classes: the restricted master program in the solver, pricing by `TablePricing` for
 * every offer that no other dominates. Each `run` does so many rounds; the state after it is whole, so a caller may stop at
 * any time, and the same calls give the same state.
 *
 * Beside patterns the master holds exchanges: room for a class is room for one that is nowhere larger, so duals never fall
 * with size. They change neither its cost nor the bound, and spare rounds.
 */
export class ColumnGeneration {
  readonly problem: VectorProblem;
  readonly offers: readonly number[];
  /** By offer: the one that dominates it, or -1. */
  readonly dominators: Int32Array;
  readonly #rows: MasterRows;
  readonly #pricing: TablePricing;
  readonly #options: ColumnOptions;
  readonly #program: Program;
  readonly #exchanges: number;
  readonly #small: readonly number[];
  readonly #large: readonly number[];
  readonly #known = new Set<string>();
  #pending: Pattern[] = [];
  readonly patterns: Pattern[] = [];
  /** Of the restricted master program; infinite before the first round. */
  cost = Number.POSITIVE_INFINITY;
  /** By class, in micro-dollars: what the master program makes of one. */
  values: Float64Array;
  /** The best bound so far, as a float, and the values that it came of, at the scale where no pattern exceeds its price. */
  bound = 0;
  boundValues: Float64Array;
  rounds = 0;
  #steadyBound = 0;
  /** For patterns in one table: more once a round found none. */
  #nodes = LEAST_NODES;
  /** The values of the best bound over the offers that were priced with them, at its scale. */
  #steady: Float64Array;

  static async open(problem: VectorProblem, solver: Solver, options: ColumnOptions): Promise<ColumnGeneration> {
    const rows = new MasterRows(problem);
    const demand = rows.of(problem.demand);
    const upper = new Float64Array(demand.length).fill(Number.POSITIVE_INFINITY);
    const program = await solver.openProgram({ lower: demand, upper });
    const exchanges = rows.isByClass ? exchangesOf(problem) : [];
    if (exchanges.length > 0) await program.addColumns(exchangeColumns(exchanges));
    return new ColumnGeneration(problem, rows, program, exchanges.length, options);
  }

  private constructor(
    problem: VectorProblem,
    rows: MasterRows,
    program: Program,
    exchanges: number,
    options: ColumnOptions,
  ) {
    this.problem = problem;
    this.#rows = rows;
    this.#program = program;
    this.#exchanges = exchanges;
    this.#options = options;
    this.#pricing = new TablePricing(problem, options.cellsPerDimension);
    this.dominators = dominators(problem);
    this.offers = Array.from(this.dominators.keys()).filter((offer) => this.dominators[offer] === -1);
    this.#small = this.offers.filter((offer) => this.#pricing.cellsOf(offer) <= SMALL_TABLE);
    this.#large = this.offers.filter((offer) => !this.#small.includes(offer));
    this.values = new Float64Array(problem.classes);
    this.boundValues = new Float64Array(problem.classes);
    this.#steady = new Float64Array(problem.classes);
    for (const pattern of singlePatterns(problem, this.offers)) this.addPattern(pattern);
  }

  /** Values to begin near: by class, as a program gives them that may cut instances. They are a bound already. */
  beginAt(values: Float64Array): void {
    let factor = Number.POSITIVE_INFINITY;
    for (const offer of this.offers) {
      const bound = this.#pricing.fluidBound(offer, values);
      if (bound > 0) factor = Math.min(factor, (this.problem.prices[offer] as number) / bound);
    }
    this.#steadyAt(values, factor);
    this.#boundAt(values, factor);
  }

  /** Values to bound with: those of the best bound over all offers, or over some while no round has priced all of them. */
  get bestValues(): Float64Array {
    return this.bound >= NEARLY * this.#steadyBound ? this.boundValues : this.#steady;
  }

  /** A pattern found elsewhere; it takes part from the next round on. */
  addPattern(pattern: Pattern): void {
    const key = `${pattern.offer}:${pattern.classes.join(",")}:${pattern.counts.join(",")}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#pending.push(pattern);
  }

  async close(): Promise<void> {
    await this.#program.close();
  }

  /** So many rounds more; true when the gap is reached or no pattern can better the program. */
  async run(rounds: number): Promise<boolean> {
    for (let round = 0; round < rounds; round++) if (await this.#round()) return true;
    return false;
  }

  /** How many bins of each pattern the program takes where so many of each class are wanted; `values` are of that. */
  async solveFor(wanted: Int32Array): Promise<Float64Array> {
    const lower = this.#rows.of(wanted);
    await this.#program.setRowBounds({ lower, upper: lower.map(() => Number.POSITIVE_INFINITY) });
    return (await this.#solve()).columns.slice(this.#exchanges);
  }

  /** Patterns of small offers that better the program as it was solved last; how many were new. */
  priceSmall(): number {
    return this.#price(this.values, this.#small, Number.POSITIVE_INFINITY).added;
  }

  async #solve() {
    if (this.#pending.length > 0) {
      await this.#program.addColumns(this.#rows.columns(this.#pending));
      this.patterns.push(...this.#pending);
      this.#pending = [];
    }
    const solution = await this.#program.solve();
    if (!("duals" in solution)) throw new Error(`the master program ended ${solution.outcome}`);
    this.values = this.#rows.values(solution.duals);
    return solution;
  }

  async #round(): Promise<boolean> {
    const solution = await this.#solve();
    this.rounds += 1;
    this.cost = solution.objective;
    if (this.cost - this.bound <= this.#options.gap * this.cost) return true;

    const share = this.#steadyBound > 0 ? SMOOTHING : 0;
    const smoothed = this.values.map((value, c) => share * (this.#steady[c] as number) + (1 - share) * value);
    // Small offers are priced at a fraction of what large ones take: those come once the small ones have nothing new. Where
    // the smoothed values miss, the program's own decide.
    const tries = share > 0 ? [smoothed, this.values] : [this.values];
    const factors: number[] = [];
    for (const values of tries) {
      const { added, factor } = this.#price(values, this.#small, Number.POSITIVE_INFINITY);
      this.#steadyAt(values, factor);
      if (added > 0) return false;
      factors.push(factor);
    }
    for (const [index, values] of tries.entries()) {
      const { added, factor } = this.#price(values, this.#large, factors[index] as number);
      this.#steadyAt(values, factor);
      this.#boundAt(values, factor);
      if (added > 0) return false;
    }
    this.#nodes *= 4;
    return this.#nodes > MOST_NODES;
  }

  /**
   * Prices offers at the values, and adds what betters the program. Gives the least price / bound of them and of those that
   * were priced before.
   */
  #price(values: Float64Array, offers: readonly number[], before: number): { added: number; factor: number } {
    const { classes, prices } = this.problem;
    let factor = before;
    const known = this.#pending.length;
    const ownValues = values === this.values;
    const nodes = Math.ceil(this.#nodes * Math.min(1, CLASSES_A_NODE / classes));
    for (const offer of offers) {
      const price = prices[offer] as number;
      const enough = (ownValues ? 1 : ALMOST) * price;
      const known = (ownValues ? 1 : WORTHWHILE) * price;
      const found = this.#pricing.search(offer, values, TABLES, enough, known, nodes);
      if (found.bound > 0) factor = Math.min(factor, price / found.bound);
      for (const counts of this.#pricing.found) {
        let value = 0;
        for (let c = 0; c < classes; c++) value += (this.values[c] as number) * (counts[c] as number);
        if (value > price * (1 + 1e-7)) this.addPattern(patternOf(offer, counts));
      }
    }
    return { added: this.#pending.length - known, factor };
  }

  #worthOf(values: Float64Array): number {
    return values.reduce((sum, value, c) => sum + value * (this.problem.demand[c] as number), 0);
  }

  /** Values with a better bound over the offers that were priced are those to stay near. */
  #steadyAt(values: Float64Array, factor: number): void {
    if (factor === Number.POSITIVE_INFINITY || this.#worthOf(values) * factor <= this.#steadyBound) return;
    this.#steadyBound = this.#worthOf(values) * factor;
    this.#steady = values.map((value) => value * factor);
  }

  /** All offers were priced at the values. */
  #boundAt(values: Float64Array, factor: number): void {
    if (factor === Number.POSITIVE_INFINITY || this.#worthOf(values) * factor <= this.bound) return;
    this.bound = this.#worthOf(values) * factor;
    this.boundValues = values.map((value) => value * factor);
  }
}

/** For each class the cheapest offer for as many of it as go into one, so that the program has a solution. */
function singlePatterns(problem: VectorProblem, offers: readonly number[]): Pattern[] {
  const { classes, demand, prices } = problem;
  const patterns: Pattern[] = [];
  for (let c = 0; c < classes; c++) {
    let best = -1;
    let bestPrice = Number.POSITIVE_INFINITY;
    let bestCount = 0;
    for (const offer of offers) {
      const count = Math.min(demand[c] as number, fitting(problem, c, offer));
      const price = (prices[offer] as number) / count;
      if (count > 0 && price < bestPrice) {
        best = offer;
        bestPrice = price;
        bestCount = count;
      }
    }
    if (best === -1) throw new Error(`class ${c} fits no offer`);
    patterns.push({ offer: best, classes: Int32Array.of(c), counts: Int32Array.of(bestCount) });
  }
  return patterns;
}

/** Pairs [smaller, larger]: the smaller is nowhere larger and goes wherever the larger does; no third lies between. */
function exchangesOf(problem: VectorProblem): (readonly [number, number])[] {
  const { dimensions, classes, sizes, offers } = problem;
  const isBelow = (a: number, b: number) => {
    let same = true;
    for (let d = 0; d < dimensions; d++) {
      const mine = sizes[a * dimensions + d] as number;
      const other = sizes[b * dimensions + d] as number;
      if (mine > other) return false;
      same &&= mine === other;
    }
    for (let offer = 0; offer < offers; offer++) {
      const mine = mayGo(problem, a, offer);
      const other = mayGo(problem, b, offer);
      if (other && !mine) return false;
      same &&= mine === other;
    }
    return same ? a < b : true;
  };
  const above = Array.from({ length: classes }, (_, a) =>
    Array.from({ length: classes }, (_, b) => b).filter((b) => b !== a && isBelow(a, b)),
  );
  return above.flatMap((list, a) => {
    const set = new Set(list);
    for (const b of list) for (const beyond of above[b] ?? []) set.delete(beyond);
    return [...set].map((b) => [a, b] as const);
  });
}

function exchangeColumns(pairs: readonly (readonly [number, number])[]): Columns {
  const count = pairs.length;
  return {
    costs: new Float64Array(count),
    lower: new Float64Array(count),
    upper: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    starts: Int32Array.from({ length: count + 1 }, (_, i) => 2 * i),
    rows: Int32Array.from(pairs.flatMap((pair) => [...pair])),
    values: Float64Array.from(pairs.flatMap(() => [1, -1])),
  };
}
