import { type SeededRandom, seededRandom } from "@berth/domain";
import { expect, test } from "vitest";
import { type EqualBins, PatternSearch } from "./best-pattern.ts";

const VISITS = 1_000_000;

function randomBins(random: SeededRandom): EqualBins {
  const dimensions = 1 + random.integer(4);
  const classes = 1 + random.integer(6);
  const capacity = Int32Array.from({ length: dimensions }, () => 5 + random.integer(30));
  const sizes = Int32Array.from({ length: classes * dimensions }, (_, at) => {
    const most = capacity[at % dimensions] as number;
    return Math.min(most, 1 + random.integer(most));
  });
  return {
    dimensions,
    classes,
    sizes,
    capacity,
    demand: Int32Array.from({ length: classes }, () => 1 + random.integer(3)),
  };
}

/** Every set that fits, one after the other. */
function mostByTrying({ dimensions, classes, sizes, demand, capacity }: EqualBins, worth: Float64Array): number {
  const from = (c: number, room: readonly number[]): number => {
    if (c === classes) return 0;
    let most = 0;
    const left = [...room];
    for (let count = 0; count <= (demand[c] as number); count++) {
      if (left.some((one) => one < 0)) break;
      most = Math.max(most, count * (worth[c] as number) + from(c + 1, left));
      for (let d = 0; d < dimensions; d++) left[d] = (left[d] as number) - (sizes[c * dimensions + d] as number);
    }
    return most;
  };
  return from(0, [...capacity]);
}

test("the best set is the best of all that fit, and what it is worth is the bound", () => {
  const random = seededRandom(1);
  for (let run = 0; run < 2_000; run++) {
    const bins = randomBins(random);
    const worth = Float64Array.from({ length: bins.classes }, () => random.integer(40));
    const search = new PatternSearch(bins);
    const found = search.run(worth, bins.demand, 0, VISITS);
    const most = mostByTrying(bins, worth);
    expect({ found, value: search.value, bound: search.bound }).toEqual({ found: most > 0, value: most, bound: most });
    expect(search.best.reduce((sum, count, c) => sum + count * (worth[c] as number), 0)).toBe(most);
    for (let d = 0; d < bins.dimensions; d++) {
      const load = search.best.reduce(
        (sum, count, c) => sum + count * (bins.sizes[c * bins.dimensions + d] as number),
        0,
      );
      expect(load).toBeLessThanOrEqual(bins.capacity[d] as number);
    }
  }
});

test("a search that ends early says a bound that holds all the same, and one above finds nothing", () => {
  const random = seededRandom(2);
  let early = 0;
  for (let run = 0; run < 2_000; run++) {
    const bins = randomBins(random);
    const worth = Float64Array.from({ length: bins.classes }, () => random.integer(40));
    const search = new PatternSearch(bins);
    const most = mostByTrying(bins, worth);
    search.run(worth, bins.demand, 0, random.integer(10));
    expect(search.bound).toBeGreaterThanOrEqual(most);
    early += search.value < most ? 1 : 0;
    expect(search.run(worth, bins.demand, most, VISITS)).toBe(false);
    expect(search.bound).toBe(most);
  }
  expect(early).toBeGreaterThan(50);
});
