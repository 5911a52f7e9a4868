import { seededRandom } from "@berth/domain";
import { expect, test } from "vitest";
import { Pool } from "./pool.ts";

function contents(pool: Pool): number[] {
  return Array.from({ length: pool.size }, (_, k) => {
    const c = pool.classes[k] as number;
    const start = pool.starts[c] as number;
    return Array.from(pool.items.subarray(start, start + (pool.counts[c] as number)));
  }).flat();
}

test("a pool holds what was put in and not taken out since, by class, however often it is filled anew", () => {
  const random = seededRandom(3);
  const classOf = Int32Array.from({ length: 40 }, () => random.integer(7));
  const pool = new Pool(classOf, 7, 40);
  for (let round = 0; round < 200; round++) {
    const bins = Array.from({ length: 4 }, () => [] as number[]);
    for (const item of classOf.keys()) bins[random.integer(8)]?.push(item);
    pool.fill(bins.map((bin) => Int32Array.from(bin)));
    let held = bins.flat();
    while (held.length > 0) {
      expect(contents(pool).sort((a, b) => a - b)).toEqual(held.sort((a, b) => a - b));
      expect(pool.left).toBe(held.length);
      expect(Array.from(pool.counts).filter((count) => count > 0)).toHaveLength(pool.size);
      for (let k = 0; k < pool.size; k++) {
        const c = pool.classes[k] as number;
        expect(classOf[pool.items[pool.starts[c] as number] as number]).toBe(c);
      }
      const taken = held.filter(() => random.chance(40));
      pool.remove(Int32Array.from([...taken, 0]), taken.length);
      held = held.filter((item) => !taken.includes(item));
    }
    expect(pool.size).toBe(0);
  }
});
