import { readdirSync, readFileSync } from "node:fs";
import { type SeededRandom, seededRandom } from "@berth/domain";
import { type OpenSolver, openInThreadSolver } from "@berth/solver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VbpPacking } from "./pack-vbp.ts";
import { readVbp, type VbpInstance } from "./read-vbp.ts";

const DATA = new URL("../../../../data/vbp/", import.meta.url);
const STEPS = 50;

let solver: OpenSolver;
beforeAll(async () => {
  solver = await openInThreadSolver();
});
afterAll(() => solver.close());

async function pack(instance: VbpInstance, steps: number) {
  const packing = await VbpPacking.open(instance, 1, solver);
  for (let step = 0; step < steps && packing.bins > packing.lowerBound; step++) await packing.step();
  const { bins, lowerBound } = packing;
  const contents = packing.contents();
  await packing.close();
  return { bins, lowerBound, contents };
}

/** What breaks a rule: a bin over its room, an item left out or there twice. */
function faults({ capacity, kinds }: VbpInstance, contents: readonly (readonly number[])[]): string[] {
  const found: string[] = [];
  const seen = kinds.map(() => 0);
  for (const [index, bin] of contents.entries()) {
    const load = capacity.map((_, d) => bin.reduce((sum, kind) => sum + (kinds[kind]?.size[d] ?? 0), 0));
    if (load.some((used, d) => used > (capacity[d] ?? 0))) found.push(`bin ${index} holds ${load}`);
    for (const kind of bin) seen[kind] = (seen[kind] ?? 0) + 1;
  }
  kinds.forEach(({ count }, kind) => {
    if (seen[kind] !== count) found.push(`kind ${kind} is there ${seen[kind]} times, not ${count}`);
  });
  return found;
}

const known = new Map(
  readFileSync(new URL("known.csv", DATA), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => {
      const [file = "", , , , optimum = "", heuristic = ""] = row.split(",");
      return [file, { optimum, heuristic: Number(heuristic) }] as const;
    }),
);

test.each(readdirSync(DATA).filter((name) => name.endsWith("_60_3_1.vbp")))(
  "%s: no more bins than any published heuristic, a bound not above the optimum, every bin's room kept",
  async (name) => {
    const read = readVbp(readFileSync(new URL(name, DATA), "utf8"));
    if (!read.ok) throw new Error(read.error.rule);
    const { bins, lowerBound, contents } = await pack(read.value, STEPS);
    const { optimum, heuristic } = known.get(name) ?? { optimum: "", heuristic: 0 };
    expect(faults(read.value, contents)).toEqual([]);
    expect(contents).toHaveLength(bins);
    expect(bins).toBeLessThanOrEqual(heuristic);
    expect(lowerBound).toBeLessThanOrEqual(optimum === "" ? bins : Number(optimum));
  },
);

/** Bins that are filled at random up to the brim, so the fewest are never more than so many. */
function filledBins(random: SeededRandom): { readonly instance: VbpInstance; readonly bins: number } {
  const capacity = Array.from({ length: 1 + random.integer(3) }, () => 10 + random.integer(20));
  const bins = 1 + random.integer(5);
  const kinds: { size: number[]; count: number }[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const left = [...capacity];
    for (let item = 0; item < 4; item++) {
      const size = left.map((room) => (item === 3 ? room : random.integer(room + 1)));
      size.forEach((taken, d) => {
        left[d] = (left[d] ?? 0) - taken;
      });
      kinds.push({ size, count: 1 });
    }
  }
  return { instance: { capacity, kinds }, bins };
}

test("no bound is above what a packing that is known takes, items that take nothing among them", async () => {
  const random = seededRandom(3);
  for (let run = 0; run < 60; run++) {
    const { instance, bins } = filledBins(random);
    const packed = await pack(instance, 60);
    expect(packed.lowerBound).toBeLessThanOrEqual(bins);
    expect(faults(instance, packed.contents)).toEqual([]);
  }
});

test("the bound is that of whole items, not of what they weigh: three of 60 % take three bins", async () => {
  const { bins, lowerBound } = await pack({ capacity: [10, 10], kinds: [{ size: [6, 1], count: 3 }] }, 10);
  expect({ bins, lowerBound }).toEqual({ bins: 3, lowerBound: 3 });
});

test("nothing takes no bin", async () => {
  expect(await pack({ capacity: [10], kinds: [] }, 10)).toEqual({ bins: 0, lowerBound: 0, contents: [] });
});

test("the same steps give the same bins", async () => {
  const read = readVbp(readFileSync(new URL("New-class5_60_3_0.vbp", DATA), "utf8"));
  if (!read.ok) throw new Error(read.error.rule);
  expect(await pack(read.value, 60)).toEqual(await pack(read.value, 60));
});
