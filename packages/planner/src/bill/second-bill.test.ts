import { expect, it } from "vitest";
import { compareBills } from "../testing/compare-bills.ts";

const CASES = 750;

it("bills 3,000 random hours line by line as a second implementation does that was written from the rules alone", () => {
  let [lines, hours, slices] = [0, 0, 0];
  for (let seed = 1; seed <= CASES; seed++) {
    const compared = compareBills(seed);
    expect(compared.differences, `seed ${seed}`).toEqual([]);
    lines += compared.lines;
    hours += compared.hours;
    slices += compared.slices;
  }
  expect(hours).toBe(3_000);
  // They have something to bill, and much of it was moved slice by slice.
  expect(lines).toBeGreaterThan(15_000);
  expect(slices).toBeGreaterThan(30_000);
}, 60_000);
