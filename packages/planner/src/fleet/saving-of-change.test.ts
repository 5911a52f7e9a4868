import { describe, expect, it } from "vitest";
import { book, NOW, of, plan, REGION, run } from "../testing/committed-fleet.ts";
import type { OwnedCommitment } from "./fleet-history.ts";
import { savingOfChange } from "./saving-of-change.ts";

const machine = (machineType: string) => ({
  zone: "a",
  machineType,
  microUsdPerHour: run(machineType, 1).microUsdPerHour,
});
const saving = (commitments: readonly OwnedCommitment[], launched: readonly string[], removed: readonly string[]) =>
  Number(
    savingOfChange(
      {
        region: REGION,
        commitments,
        running: [run("m7i.xlarge", 4), run("r7i.xlarge", 1)],
        rateBooks: [book("compute_savings_plan")],
      },
      { launched: launched.map(machine), removed: removed.map(machine) },
      NOW,
    ),
  ) / 1e9;

describe("what a change of machines saves", () => {
  it("is the difference of their prices where nothing is committed to", () => {
    expect(saving([], ["r7i.xlarge"], ["m7i.xlarge", "m7i.xlarge"])).toBeCloseTo(0.15, 9);
    expect(saving([], ["m7i.4xlarge"], [])).toBeCloseTo(-0.8, 9);
  });

  it("is nothing for machines that are reserved, and less than nothing where others are launched in their place", () => {
    expect(saving([of("m7i.xlarge", 4)], [], ["m7i.xlarge"])).toBe(0);
    expect(saving([of("m7i.xlarge", 3)], [], ["m7i.xlarge", "m7i.xlarge"])).toBeCloseTo(0.2, 9);
    expect(saving([of("m7i.xlarge", 4)], ["r7i.xlarge"], ["m7i.xlarge", "m7i.xlarge"])).toBeCloseTo(-0.25, 9);
  });

  it("is all of a machine's price where an idle commitment covers the one that takes its place", () => {
    expect(saving([of("m7i.4xlarge", 2)], ["m7i.xlarge"], ["r7i.xlarge"])).toBeCloseTo(0.25, 9);
    // Fifteen cents of a plan cover one xlarge at 0.14, whichever it is.
    expect(saving([plan(0.14)], [], ["m7i.xlarge"])).toBeCloseTo(0.2, 9);
  });

  it("prices machines that stay alike before and after, whatever others of their type cost when they were launched", () => {
    const inZoneB = { ...run("m7i.xlarge", 1), zone: "b", microUsdPerHour: 190_000 };
    const committed = { region: REGION, commitments: [], running: [run("m7i.xlarge", 100), inZoneB], rateBooks: [] };
    const last = { zone: "b", machineType: "m7i.xlarge", microUsdPerHour: 190_000 };
    // The price has gone up to 0.21 since.
    const next = { ...last, zone: "c", microUsdPerHour: 210_000 };
    expect(savingOfChange(committed, { launched: [], removed: [last] }, NOW)).toBe(200_000_000n);
    expect(savingOfChange(committed, { launched: [next], removed: [last] }, NOW)).toBe(0n);
  });
});
