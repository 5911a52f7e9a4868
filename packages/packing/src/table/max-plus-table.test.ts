import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import initializeWabt from "wabt";
import { MAX_PLUS_CODE } from "./max-plus-code.ts";
import { MaxPlusTable } from "./max-plus-table.ts";

test("the code is what max-plus.wat assembles to", async () => {
  const wabt = await initializeWabt();
  const text = readFileSync(new URL("max-plus.wat", import.meta.url), "utf8");
  const { buffer } = wabt.parseWat("max-plus.wat", text, { simd: true }).toBinary({});
  expect(MAX_PLUS_CODE).toBe(Buffer.from(buffer).toString("hex"));
});

const item = fc.record({
  p: fc.nat(4),
  q: fc.nat(4),
  value: fc.integer({ min: 1, max: 1000 }),
  copies: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

/** By trying every count of every item. */
function mostByTrying(items: readonly Item[], p: number, q: number): number {
  const [first, ...rest] = items;
  if (first === undefined) return 0;
  let most = 0;
  for (let n = 0; n <= (first.copies ?? Number.POSITIVE_INFINITY); n++) {
    const [leftP, leftQ] = [p - n * first.p, q - n * first.q];
    if (leftP < 0 || leftQ < 0) break;
    most = Math.max(most, n * first.value + mostByTrying(rest, leftP, leftQ));
  }
  return most;
}

test("every cell is the most that fits it, with copies or without end, also of items that need nothing of one dimension", () => {
  const table = new MaxPlusTable();
  const size = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 4 }), size, size, (drawn, rows, columns) => {
      const items = drawn.filter(({ p, q, copies }) => p + q > 0 || copies !== undefined);
      table.reset(rows, columns);
      for (const { p, q, value, copies } of items) {
        if (copies === undefined) table.takeAny(p, q, value);
        else table.takeUpTo(copies, p, q, value);
      }
      for (let p = 0; p < rows; p++) {
        for (let q = 0; q < columns; q++) {
          expect(table.cells[p * columns + q]).toBe(mostByTrying(items, p, q));
        }
      }
      expect(table.most).toBe(table.cells[rows * columns - 1]);
    }),
    { numRuns: 500 },
  );
});

test("a table may be larger than the one before", () => {
  const table = new MaxPlusTable();
  for (const rows of [10, 3000, 20]) {
    table.reset(rows, 100);
    table.takeAny(1, 1, 1);
    expect(table.most).toBe(Math.min(rows - 1, 99));
  }
});
