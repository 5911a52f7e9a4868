import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readVbp, type VbpInstance } from "./read-vbp.ts";

const FOLDER = new URL("../../../../data/vbp/", import.meta.url);

const written = ({ capacity, kinds }: VbpInstance, end = "\n") =>
  [
    capacity.length,
    capacity.join(" "),
    kinds.length,
    ...kinds.map(({ size, count }) => [...size, count].join(" ")),
    "",
  ].join(end);

function faultOf(text: string): string {
  const result = readVbp(text);
  return result.ok ? "none" : `line ${result.error.line} ${result.error.rule}`;
}

describe("readVbp", () => {
  it("reads the dimensions, the capacity and each kind", () => {
    expect(readVbp("2\n10 20\n2\n3 0 4\n10 20 1\n")).toEqual({
      ok: true,
      value: {
        capacity: [10, 20],
        kinds: [
          { size: [3, 0], count: 4 },
          { size: [10, 20], count: 1 },
        ],
      },
    });
  });

  it("reads whatever was written, with either end of line", () => {
    const instance = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 6 }).chain((capacity) =>
      fc.record({
        capacity: fc.constant(capacity),
        kinds: fc.array(
          fc.record({
            size: fc.tuple(...capacity.map((most) => fc.nat(most))),
            count: fc.integer({ min: 1, max: 1000 }),
          }),
        ),
      }),
    );
    fc.assert(
      fc.property(instance, fc.constantFrom("\n", "\r\n", "\n\n", " \n\t"), (value, end) => {
        expect(readVbp(written(value, end))).toEqual({ ok: true, value });
      }),
    );
  });

  it("reads all 272 public instances, with the items and dimensions that known.csv tells", () => {
    const [, ...rows] = readFileSync(new URL("known.csv", FOLDER), "utf8").trim().split("\n");
    const known = rows.map((row) => {
      const [file = "", items, dimensions] = row.split(",");
      // Each of this class holds one item more than its name and known.csv tell: PROVENANCE.md.
      return {
        file,
        items: Number(items) + (file.startsWith("Panigrahy-class9_") ? 1 : 0),
        dimensions: Number(dimensions),
      };
    });
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".vbp"));
    const read = files.map((file) => {
      const result = readVbp(readFileSync(new URL(file, FOLDER), "utf8"));
      if (!result.ok) throw new Error(`${file}: line ${result.error.line} ${result.error.rule}`);
      const { capacity, kinds } = result.value;
      return { file, items: kinds.reduce((sum, { count }) => sum + count, 0), dimensions: capacity.length };
    });
    expect(read).toHaveLength(272);
    const byFile = <T extends { file: string }>(list: T[]) => list.toSorted((a, b) => (a.file < b.file ? -1 : 1));
    expect(byFile(read)).toEqual(byFile(known));
  });

  it.each([
    ["nothing", "", "line 1 must hold one number and is missing"],
    ["no kinds", "1\n9\n", "line 3 must hold one number and is missing"],
    ["a kind too few", "1\n9\n2\n3 1\n", "line 5 must hold 2 numbers and is missing"],
    ["a kind too many", "1\n9\n1\n3 1\n4 1\n", "line 5 must not be there, after 1 kinds"],
    ["a size too few", "2\n9 9\n1\n3 1\n", "line 4 must hold 3 numbers, not 2"],
    ["a capacity too many", "2\n9 9 9\n1\n3 3 1\n", "line 2 must hold 2 numbers, not 3"],
    ["no dimension", "0\n\n0\n", 'line 1 must have a whole number from 1 to 1000 (the number of dimensions), not "0"'],
    [
      "a capacity of 0",
      "1\n0\n0\n",
      `line 2 must have a whole number from 1 to 1000000000 (a bin's capacity), not "0"`,
    ],
    [
      "a negative size",
      "1\n9\n1\n-3 1\n",
      `line 4 must have a whole number from 0 to 9 (a kind's size, no larger than a bin), not "-3"`,
    ],
    [
      "a size that no bin holds",
      "2\n5 9\n1\n6 6 1\n",
      `line 4 must have a whole number from 0 to 5 (a kind's size, no larger than a bin), not "6"`,
    ],
    [
      "a broken size",
      "1\n9\n1\n1.5 1\n",
      `line 4 must have a whole number from 0 to 9 (a kind's size, no larger than a bin), not "1.5"`,
    ],
    [
      "a count of 0, after an empty line",
      "1\n9\n1\n\n3 0\n",
      'line 5 must have a whole number from 1 to 1000000 (how many items there are, a million in all), not "0"',
    ],
    [
      "more than a million items",
      "1\n9\n2\n3 600000\n4 400001\n",
      'line 5 must have a whole number from 1 to 400000 (how many items there are, a million in all), not "400001"',
    ],
    ["words", "one\n", 'line 1 must have a whole number from 1 to 1000 (the number of dimensions), not "one"'],
  ])("refuses %s", (_, text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it("refuses, and never fails on, any text", () => {
    const text = fc.array(fc.constantFrom("0", "1", "2", "9", " ", "\n", "\n", "-", ".", "x"), { maxLength: 60 });
    fc.assert(
      fc.property(text, (characters) => {
        const result = readVbp(characters.join(""));
        if (!result.ok) expect(result.error.line).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});
