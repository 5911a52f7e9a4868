import { openInThreadSolver } from "@berth/solver";
import { expect, test } from "vitest";
import { ColumnGeneration } from "./columns.ts";
import { diveForBins } from "./dive.ts";
import type { VectorProblem } from "./vector-problem.ts";

/** More sizes than a master program has rows, so that rows are groups of them; one alone does not fit the small offer. */
function manySizes(classes: number): VectorProblem {
  return {
    dimensions: 2,
    classes,
    sizes: Int32Array.from(Array.from({ length: classes }, (_, c) => [1_800 + c, 1]).flat()),
    demand: new Int32Array(classes).fill(1),
    offers: 2,
    capacities: Int32Array.from([2_038, 4, 8_000, 8]),
    prices: Float64Array.of(100_000, 450_000),
    zoneOf: Int32Array.of(0, 0),
    admits: new Uint8Array(classes).fill(1),
    countsInstances: true,
  };
}

test("a dive ends, and covers nothing twice, where rows are groups of sizes", async () => {
  const solver = await openInThreadSolver();
  const columns = await ColumnGeneration.open(manySizes(240), solver, { cellsPerDimension: 150, gap: 1e-3 });
  await columns.run(2);
  const bins = await diveForBins(columns);
  const covered = new Int32Array(240);
  for (const { pattern, times } of bins) {
    for (const [i, c] of pattern.classes.entries()) {
      covered[c] = (covered[c] as number) + times * (pattern.counts[i] as number);
    }
  }
  expect(Math.max(...covered)).toBe(1);
  expect(covered.filter((count) => count === 1).length).toBeGreaterThan(200);
  await columns.close();
  await solver.close();
}, 60_000);
