import { describe, expect, it } from "vitest";
import { runRandomFleet } from "./random-fleet.ts";

const FLEETS = 2000;

describe("random fleets", () => {
  it("break no rule, and nothing is refused that a node or a machine type would hold", () => {
    let placed = 0;
    let refused = 0;
    for (let seed = 1; seed <= FLEETS; seed++) {
      const run = runRandomFleet(seed);
      expect(run.violations, `seed ${seed}`).toEqual([]);
      expect(run.wronglyRefused, `seed ${seed}`).toEqual([]);
      placed += run.placed;
      refused += run.refused;
    }
    // Both happen often enough to mean something.
    expect(Math.min(placed, refused)).toBeGreaterThan(FLEETS);
  });

  it("are placed byte for byte as before from the same seed", () => {
    for (let seed = 1; seed <= 100; seed++) expect(runRandomFleet(seed).plans).toEqual(runRandomFleet(seed).plans);
  });
});
