import { Bins } from "../cold/bins.ts";
import { greedyPatterns } from "../cold/greedy.ts";
import { Improvement } from "../cold/improve.ts";
import { realise } from "../cold/realise.ts";
import type { VectorProblem } from "../cold/vector-problem.ts";
import type { VbpInstance } from "./read-vbp.ts";

/**
 * Vector bin packing by the engine that packs machines: one offer at price 1, no conflicts.
 *
 * `improve` goes on for a number of iterations; the same calls give the same bins.
 */
export class VbpPacking {
  readonly #improvement: Improvement;
  /** No packing has fewer bins: what the items take of the scarcest dimension, rounded up. */
  readonly lowerBound: number;

  constructor(instance: VbpInstance, seed: number) {
    const problem = problemOf(instance);
    const classOf = Int32Array.from(instance.kinds.flatMap(({ count }, c) => new Array<number>(count).fill(c)));
    const none = new Int32Array(classOf.length).fill(-1);
    const values = shareValues(problem);
    const bins = new Bins({
      problem,
      count: classOf.length,
      classOf,
      clusterOf: none,
      tenantOf: none,
      tenantLimit: new Int32Array(0),
    });
    const offers = Int32Array.of(0);
    realise(bins, greedyPatterns(problem, [0], values, problem.demand), offers);
    this.#improvement = new Improvement(bins, [0], offers, values, seed);
    this.lowerBound = fluidBound(problem);
  }

  get bins(): number {
    return this.#improvement.best.size;
  }

  improve(iterations: number): void {
    this.#improvement.run(iterations);
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
