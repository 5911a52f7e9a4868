import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findBetterPattern, type KnapsackClass } from "./find-better-pattern.ts";
import type { Capacity } from "./read-case.ts";

const DIMENSIONS = ["cpuMilli", "memoryMib", "volumes"] as const;

/** The most that any set which fits is worth, by trying all of them. */
function mostByTrying(classes: readonly KnapsackClass[], capacity: Capacity): bigint {
  const tryFrom = (index: number, rest: Capacity): bigint => {
    const one = classes[index];
    if (one === undefined) return 0n;
    let most = 0n;
    for (let count = 0; count <= one.demand; count++) {
      const left = {
        cpuMilli: rest.cpuMilli - count * one.cpuMilli,
        memoryMib: rest.memoryMib - count * one.memoryMib,
        volumes: rest.volumes - count * one.volumes,
        instances: rest.instances - count,
      };
      if (Object.values(left).some((amount) => amount < 0)) break;
      const worth = BigInt(count) * one.dual + tryFrom(index + 1, left);
      if (worth > most) most = worth;
    }
    return most;
  };
  return tryFrom(0, capacity);
}

/** Sizes of a kind: on a grid as catalogue sizes are, or anything. */
const size = (grid: number, most: number) =>
  fc.oneof(
    fc.nat({ max: most }),
    fc.nat({ max: Math.floor(most / grid) }).map((units) => units * grid),
  );
const classes = fc.array(
  fc.record({
    cpuMilli: size(7, 60),
    memoryMib: size(16, 100),
    volumes: fc.nat({ max: 3 }),
    demand: fc.integer({ min: 1, max: 4 }),
    dual: fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.bigInt({ min: 0n, max: 5_000_000n })),
  }),
  { maxLength: 6 },
);
const capacity = fc.record({
  cpuMilli: fc.nat({ max: 200 }),
  memoryMib: fc.nat({ max: 300 }),
  volumes: fc.nat({ max: 8 }),
  instances: fc.nat({ max: 6 }),
});

describe("against trying every set, in 4,000 random knapsacks", () => {
  test("nothing better than the most is found, and something better than less is, which fits", () => {
    fc.assert(
      fc.property(classes, capacity, (given, room) => {
        const most = mostByTrying(given, room);
        expect(findBetterPattern(given, room, most).outcome).toBe("none");
        if (most === 0n) return;
        const found = findBetterPattern(given, room, most - 1n);
        if (found.outcome !== "found") throw new Error(found.outcome);
        expect(found.worth).toBe(most);
        const sum = (of: (one: KnapsackClass) => number) =>
          given.reduce((total, one, index) => total + (found.counts[index] ?? 0) * of(one), 0);
        const isWithin = DIMENSIONS.every((dimension) => sum((one) => one[dimension]) <= room[dimension]);
        expect(isWithin && sum(() => 1) <= room.instances).toBe(true);
        expect(given.every((one, index) => (found.counts[index] ?? 0) <= one.demand)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("the same where tables have few cells, so that sizes and capacities are rounded down", () => {
    fc.assert(
      fc.property(classes, capacity, (given, room) => {
        const limits = { nodes: 1_000_000, cells: 1 };
        const most = mostByTrying(given, room);
        expect(findBetterPattern(given, room, most, limits).outcome).toBe("none");
        if (most > 0n) expect(findBetterPattern(given, room, most - 1n, limits).outcome).toBe("found");
      }),
      { numRuns: 2_000 },
    );
  });
});

test("a machine on which CPU, memory and instances all bind is proven in a thousand states", () => {
  const catalogue = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].flatMap((gib, i) =>
    [3, 4, 6, 8].map((ratio, j) => {
      const cpuMilli = Math.ceil((gib * 1000) / ratio);
      const worth = cpuMilli * 18_000 + gib * 4_100_000 + 3_000_000 + ((i * 7 + j * 13) % 11) * 200_000;
      return { cpuMilli, memoryMib: gib * 1024, volumes: 1, demand: 40 - 4 * i, dual: BigInt(worth) };
    }),
  );
  // An r6a.2xlarge of the reference case.
  const room = { cpuMilli: 7610, memoryMib: 59_423, volumes: 25, instances: 16 };
  const limits = { nodes: 1_000, cells: 2 ** 23 };
  expect(findBetterPattern(catalogue, room, 450_312_000n, limits).outcome).toBe("none");
  expect(findBetterPattern(catalogue, room, 450_311_999n).outcome).toBe("found");
});

test("a search that spent its nodes says so", () => {
  const many = Array.from({ length: 30 }, (_, index) => ({
    cpuMilli: 101 + 7 * index,
    memoryMib: 211 + 11 * ((index * 17) % 30),
    volumes: 1 + (index % 3),
    demand: 3,
    dual: BigInt(1_000_003 + 70_001 * index),
  }));
  const room = { cpuMilli: 2_003, memoryMib: 3_001, volumes: 17, instances: 11 };
  expect(findBetterPattern(many, room, 0n, { nodes: 1, cells: 64 })).toEqual({ outcome: "proof_too_long" });
});

test("amounts that a double does not hold exactly are refused, not rounded", () => {
  const room = { cpuMilli: 2, memoryMib: 2, volumes: 0, instances: 2 };
  for (const dual of [2n ** 60n, 2n ** 60n + 1n, 2n ** 53n]) {
    const one = { cpuMilli: 1, memoryMib: 1, volumes: 0, demand: 3, dual };
    expect(findBetterPattern([one], room, 2n * dual)).toEqual({ outcome: "amounts_too_large" });
  }
});
