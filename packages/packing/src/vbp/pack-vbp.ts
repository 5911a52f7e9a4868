import { seededRandom } from "@berth/domain";
import type { Solver } from "@berth/ports";
import { Bins } from "../cold/bins.ts";
import { greedyPatterns } from "../cold/greedy.ts";
import { Improvement } from "../cold/improve.ts";
import type { Items } from "../cold/items.ts";
import { realise } from "../cold/realise.ts";
import type { VectorProblem } from "../cold/vector-problem.ts";
import { BinColumns, type BinPattern } from "./bin-columns.ts";
import { Dive } from "./dive.ts";
import type { VbpInstance } from "./read-vbp.ts";

/** Iterations of ruin and recreate in a step, beside a round of columns and beside a step of a dive. */
const ITERATIONS_BESIDE_COLUMNS = 30;
const ITERATIONS_BESIDE_DIVE = 60;
const ONLY_OFFER = Int32Array.of(0);

/**
 * Vector bin packing: the fewest equal bins.
 *
 * There is a packing once it is open, and `step` goes on: ruin and recreate by the engine that packs machines (one offer at
 * price 1, no conflicts), and column generation, whose bound is proven and whose solutions dives make whole. The same calls
 * give the same bins.
 */
export class VbpPacking {
  readonly #items: Items;
  readonly #seed: number;
  readonly #columns: BinColumns;
  readonly #dive: Dive;
  #improvement: Improvement;
  #values: Float64Array;
  #steps = 0;
  #fluidBound: number;

  static async open(instance: VbpInstance, seed: number, solver: Solver): Promise<VbpPacking> {
    const problem = problemOf(instance);
    const { dimensions, classes, sizes, demand, capacities: capacity } = problem;
    const columns = await BinColumns.open({ dimensions, classes, sizes, demand, capacity }, solver);
    return new VbpPacking(problem, seed, columns);
  }

  private constructor(problem: VectorProblem, seed: number, columns: BinColumns) {
    const classOf = Int32Array.from(Array.from(problem.demand).flatMap((count, c) => new Array<number>(count).fill(c)));
    const none = new Int32Array(classOf.length).fill(-1);
    this.#items = {
      problem,
      count: classOf.length,
      classOf,
      clusterOf: none,
      tenantOf: none,
      tenantLimit: new Int32Array(0),
    };
    this.#seed = seed;
    this.#columns = columns;
    this.#dive = new Dive(columns, problem.demand, seededRandom(seed));
    this.#values = shareValues(problem);
    this.#improvement = this.#search(greedyPatterns(problem, [0], this.#values, problem.demand));
    this.#fluidBound = fluidBound(problem);
  }

  get bins(): number {
    return this.#improvement.best.size;
  }

  /** No packing has fewer bins. */
  get lowerBound(): number {
    return Math.max(this.#fluidBound, this.#columns.lowerBound);
  }

  get rounds(): number {
    return this.#columns.rounds;
  }

  /** A share of a second at most, for the sizes of data/vbp. Does nothing once the packing has as few bins as the bound. */
  async step(): Promise<void> {
    if (this.bins <= this.lowerBound) return;
    this.#steps += 1;
    const columns = this.#columns;
    if (!columns.settled || (this.#dive.isFine && !columns.done)) {
      await columns.round();
      this.#improvement.run(ITERATIONS_BESIDE_COLUMNS);
      if (columns.settled && !this.#dive.isFine) for (const bin of this.contents()) columns.add(binPatternOf(bin));
      return;
    }
    const found = await this.#dive.step(this.bins);
    if (found !== undefined) {
      const plan = found.map(({ classes, counts }) => ({
        pattern: { offer: 0, classes: Int32Array.from(classes), counts: Int32Array.from(counts) },
        times: 1,
      }));
      this.#improvement = this.#search(plan);
    }
    this.#improvement.run(ITERATIONS_BESIDE_DIVE);
  }

  /** The items of each bin, by kind. */
  contents(): number[][] {
    const bins = this.#improvement.best;
    return Array.from({ length: bins.size }, (_, bin) => {
      const start = bin * bins.stride;
      return Array.from(
        bins.itemsOf.subarray(start, start + (bins.countOf[bin] as number)),
        (item) => bins.items.classOf[item] as number,
      );
    });
  }

  /** Frees what the solver holds. */
  async close(): Promise<void> {
    await this.#columns.close();
  }

  #search(plan: Parameters<typeof realise>[1]): Improvement {
    const bins = new Bins(this.#items);
    realise(bins, plan, ONLY_OFFER);
    return new Improvement(bins, [0], ONLY_OFFER, this.#values, this.#seed + this.#steps);
  }
}

function binPatternOf(kinds: readonly number[]): BinPattern {
  const counts = new Map<number, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return { classes: sorted.map(([kind]) => kind), counts: sorted.map(([, count]) => count) };
}

function problemOf({ capacity, kinds }: VbpInstance): VectorProblem {
  return {
    dimensions: capacity.length,
    classes: kinds.length,
    sizes: Int32Array.from(kinds.flatMap(({ size }) => size)),
    demand: Int32Array.from(kinds, ({ count }) => count),
    offers: 1,
    capacities: Int32Array.from(capacity),
    prices: Float64Array.of(1),
    zoneOf: Int32Array.of(0),
    admits: new Uint8Array(kinds.length).fill(1),
    countsInstances: false,
  };
}

/** An item is worth what it takes of the dimensions, each weighed by how scarce it is. */
function shareValues(problem: VectorProblem): Float64Array {
  const { dimensions, classes, sizes, demand, capacities } = problem;
  const load = new Float64Array(dimensions);
  for (let c = 0; c < classes; c++) {
    for (let d = 0; d < dimensions; d++) {
      load[d] =
        (load[d] as number) +
        (demand[c] as number) * ((sizes[c * dimensions + d] as number) / (capacities[d] as number));
    }
  }
  const all = load.reduce((sum, amount) => sum + amount, 0);
  return Float64Array.from({ length: classes }, (_, c) => {
    let value = 0;
    for (let d = 0; d < dimensions; d++) {
      value += ((load[d] as number) / all) * ((sizes[c * dimensions + d] as number) / (capacities[d] as number));
    }
    return value;
  });
}

function fluidBound({ dimensions, classes, sizes, demand, capacities }: VectorProblem): number {
  let most = classes === 0 ? 0 : 1;
  for (let d = 0; d < dimensions; d++) {
    let load = 0;
    for (let c = 0; c < classes; c++) load += (demand[c] as number) * (sizes[c * dimensions + d] as number);
    most = Math.max(most, Math.ceil(load / (capacities[d] as number)));
  }
  return most;
}
