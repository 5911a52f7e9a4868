import { expect, it } from "vitest";
import { weather } from "./testing/retry-storm.ts";

/** The storm in full is of the real tier: retry-storm.real.test.ts. */
it("20 creates, each by 20 callers at once who lose a fifth of the answers, are 20 clusters and 20 answers", async () => {
  expect(await weather({ keys: 20, callers: 20, lostPercent: 20, keysAtOnce: 8, seed: 1 })).toBeGreaterThan(20 * 20);
});
