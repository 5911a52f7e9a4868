import { type SeededRandom, seededRandom } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { TablePricing } from "./table-pricing.ts";
import type { VectorProblem } from "./vector-problem.ts";

/** Six classes in one zone, of CPU, memory, volumes and instances, and one offer that holds a handful. */
function randomProblem(random: SeededRandom): VectorProblem {
  const classes = 6;
  const sizes = Array.from({ length: classes }, () => [
    100 * (1 + random.integer(8)),
    1_024 * (1 + random.integer(8)),
    1 + random.integer(3),
    1,
  ]).flat();
  return {
    dimensions: 4,
    classes,
    sizes: Int32Array.from(sizes),
    demand: Int32Array.from({ length: classes }, () => 1 + random.integer(5)),
    offers: 1,
    capacities: Int32Array.from([1_600 + random.integer(800), 16_384, 6 + random.integer(4), 4 + random.integer(3)]),
    prices: Float64Array.of(1),
    zoneOf: Int32Array.of(0),
    admits: new Uint8Array(classes).fill(1),
    countsInstances: true,
  };
}

const worth = (counts: Int32Array, values: Float64Array) =>
  counts.reduce((sum, count, c) => sum + count * (values[c] as number), 0);

function fits(problem: VectorProblem, counts: Int32Array): boolean {
  const { dimensions, sizes, capacities, demand } = problem;
  if (counts.some((count, c) => count > (demand[c] as number))) return false;
  return Array.from({ length: dimensions }, (_, d) => d).every(
    (d) =>
      counts.reduce((sum, count, c) => sum + count * (sizes[c * dimensions + d] as number), 0) <=
      (capacities[d] as number),
  );
}

function bestByTryingAll(problem: VectorProblem, values: Float64Array, c = 0, counts = new Int32Array(6)): number {
  if (!fits(problem, counts)) return 0;
  if (c === problem.classes) return worth(counts, values);
  let most = 0;
  for (let count = 0; count <= (problem.demand[c] as number); count++) {
    counts[c] = count;
    if (!fits(problem, counts)) break;
    most = Math.max(most, bestByTryingAll(problem, values, c + 1, counts));
  }
  counts[c] = 0;
  return most;
}

describe("pricing by tables", () => {
  it("finds the best pattern of all, and no bound is below it, where volumes and instances run out as well", () => {
    const random = seededRandom(11);
    for (let run = 0; run < 200; run++) {
      const problem = randomProblem(random);
      const values = Float64Array.from({ length: problem.classes }, () => 1 + random.integer(1_000));
      const best = bestByTryingAll(problem, values);
      const pricing = new TablePricing(problem, 100);
      const { value, bound } = pricing.search(0, values, 6, 0, 0, 100_000);
      expect(value).toBeCloseTo(best, 6);
      expect(bound).toBeGreaterThanOrEqual(best - 1e-6);
    }
  });

  it("has no bound below the best pattern where a table's units are larger than some sizes, or than all", () => {
    const random = seededRandom(13);
    for (let run = 0; run < 600; run++) {
      const drawn = randomProblem(random);
      // A prime, so that sizes have no grain.
      const sizes = drawn.sizes.map((size, at) => (at % 4 < 2 ? size + 7 * random.integer(13) : size));
      const problem = { ...drawn, sizes };
      const values = Float64Array.from({ length: problem.classes }, () => 1 + random.integer(1_000));
      const pricing = new TablePricing(problem, 1 + random.integer(6));
      const best = bestByTryingAll(problem, values);
      const { value, bound } = pricing.search(0, values, 6, 0, 0, 100_000);
      expect(bound).toBeGreaterThanOrEqual(best - 1e-6);
      expect(value).toBeLessThanOrEqual(best + 1e-6);
    }
  });

  it("gives patterns that fit, each worth more than the one before and than what is known", () => {
    const random = seededRandom(12);
    for (let run = 0; run < 200; run++) {
      const problem = randomProblem(random);
      const values = Float64Array.from({ length: problem.classes }, () => 1 + random.integer(1_000));
      const known = bestByTryingAll(problem, values) / 2;
      const pricing = new TablePricing(problem, 100);
      pricing.search(0, values, 6, 0, known, 1_000);
      expect(pricing.found.every((counts) => fits(problem, counts))).toBe(true);
      const ladder = [known, ...pricing.found.map((counts) => worth(counts, values))];
      for (const [i, value] of ladder.entries()) if (i > 0) expect(value).toBeGreaterThan(ladder[i - 1] as number);
    }
  });
});
