import fc from "fast-check";
import { expect, test } from "vitest";
import { FluidPricing } from "./fluid-pricing.ts";
import type { VectorProblem } from "./vector-problem.ts";

const CLASSES = 6;
const problem = fc
  .record({
    sizes: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(9), fc.constant(1)), {
      minLength: CLASSES,
      maxLength: CLASSES,
    }),
    demand: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: CLASSES, maxLength: CLASSES }),
    capacities: fc.tuple(
      fc.integer({ min: 5, max: 40 }),
      fc.integer({ min: 5, max: 40 }),
      fc.integer({ min: 1, max: 8 }),
    ),
  })
  .map(
    ({ sizes, demand, capacities }): VectorProblem => ({
      dimensions: 3,
      classes: CLASSES,
      sizes: Int32Array.from(sizes.flat()),
      demand: Int32Array.from(demand),
      offers: 1,
      capacities: Int32Array.from(capacities),
      prices: Float64Array.of(1),
      zoneOf: Int32Array.of(0),
      admits: new Uint8Array(CLASSES).fill(1),
      countsInstances: true,
    }),
  );
const values = fc.array(fc.nat(1000), { minLength: CLASSES, maxLength: CLASSES }).map((one) => Float64Array.from(one));

const size = ({ dimensions, sizes }: VectorProblem, c: number, d: number) => sizes[c * dimensions + d] as number;

/** What multipliers prove: room at them, and what classes that fit are worth beyond. */
function proven(of: VectorProblem, worth: Float64Array, m: ArrayLike<number>): number {
  const dimensions = [0, 1, 2];
  const room = dimensions.reduce((sum, d) => sum + (m[d] as number) * (of.capacities[d] as number), 0);
  return Array.from({ length: of.classes }, (_, c) => c)
    .filter((c) => dimensions.every((d) => size(of, c, d) <= (of.capacities[d] as number)))
    .reduce((sum, c) => {
      const beyond = dimensions.reduce((rest, d) => rest - (m[d] as number) * size(of, c, d), worth[c] as number);
      return sum + (of.demand[c] as number) * Math.max(0, beyond);
    }, room);
}

test("the bound is what its multipliers prove, and no others near them prove less", () => {
  fc.assert(
    fc.property(
      problem,
      values,
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
      (of, worth, turn) => {
        const { bound, multipliers } = new FluidPricing(of).price(0, worth);
        expect(multipliers.every((m) => m >= 0)).toBe(true);
        expect(bound).toBeCloseTo(proven(of, worth, multipliers), 6);
        // The function of the multipliers is convex: where no neighbour is lower, nothing is.
        for (const step of [0.01, 1, 30]) {
          const other = multipliers.map((m, d) => Math.max(0, m + step * (turn[d] as number)));
          expect(proven(of, worth, other)).toBeGreaterThanOrEqual(bound - 1e-6);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("nothing of value, and nothing that fits, is worth nothing", () => {
  const [of] = fc.sample(problem, 1) as [VectorProblem];
  expect(new FluidPricing(of).price(0, new Float64Array(CLASSES)).bound).toBe(0);
  const tiny = { ...of, capacities: Int32Array.of(0, 0, 0) };
  expect(new FluidPricing(tiny).price(0, new Float64Array(CLASSES).fill(7)).bound).toBe(0);
});
