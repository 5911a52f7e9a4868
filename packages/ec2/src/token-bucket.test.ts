import { isPortError } from "@berth/ports";
import { expect, it } from "vitest";
import { createTokenBucket } from "./token-bucket.ts";

it("gives the burst at once, then refuses with the time until the next token, which time brings", async () => {
  let at = 0;
  const bucket = createTokenBucket({ perSecond: 2, burst: 3, now: () => at });
  for (let token = 0; token < 3; token++) await bucket.take(0);
  await expect(bucket.take(0)).rejects.toSatisfy(
    (error) => isPortError(error, "throttled") && error.retryAfterMs === 500,
  );
  at = 500;
  await bucket.take(0);
  await expect(bucket.take(0)).rejects.toThrow("limit");
  at = 3_600_000;
  for (let token = 0; token < 3; token++) await bucket.take(0);
  await expect(bucket.take(0)).rejects.toThrow("limit");
});

it("lets callers wait in order, each for its own token", async () => {
  const bucket = createTokenBucket({ perSecond: 100, burst: 1 });
  const startedAt = performance.now();
  const done: number[] = [];
  await Promise.all([0, 1, 2, 3].map((caller) => bucket.take(1000).then(() => done.push(caller))));
  expect(done).toEqual([0, 1, 2, 3]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(25);
});
