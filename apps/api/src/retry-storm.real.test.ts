import { expect, it } from "vitest";
import { weather } from "./testing/retry-storm.ts";

it("1,000 creates, each by 20 callers at once who lose a fifth of the answers, are 1,000 clusters and 1,000 answers", async () => {
  const asked = await weather({ keys: 1000, callers: 20, lostPercent: 20, keysAtOnce: 16, seed: 7 });
  expect(asked).toBeGreaterThan(1000 * 20);
  console.log(`retry storm: ${asked} requests for 1,000 keys`);
});
