import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VbpPacking } from "./pack-vbp.ts";
import { readVbp } from "./read-vbp.ts";

const DATA = new URL("../../../../data/vbp/", import.meta.url);

test.each([
  ["Triplet-classC_60_3_2.vbp", 23],
  ["New-class1_60_3_1.vbp", 27],
])("%s fits no more than the best published number of bins, and every bin's room is kept", (name, atMost) => {
  const read = readVbp(readFileSync(new URL(name, DATA), "utf8"));
  if (!read.ok) throw new Error(read.error.rule);
  const { capacity, kinds } = read.value;
  const packing = new VbpPacking(read.value, 1);
  for (let chunk = 0; chunk < 60 && packing.bins > packing.lowerBound; chunk++) packing.improve(100);
  expect(packing.bins).toBeLessThanOrEqual(atMost);
  expect(packing.bins).toBeGreaterThanOrEqual(packing.lowerBound);
  const seen = kinds.map(() => 0);
  for (const bin of packing.contents()) {
    const load = capacity.map(() => 0);
    for (const kind of bin) {
      seen[kind] = (seen[kind] ?? 0) + 1;
      kinds[kind]?.size.forEach((size, d) => {
        load[d] = (load[d] ?? 0) + size;
      });
    }
    load.forEach((used, d) => {
      expect(used).toBeLessThanOrEqual(capacity[d] ?? 0);
    });
  }
  expect(seen).toEqual(kinds.map(({ count }) => count));
});
