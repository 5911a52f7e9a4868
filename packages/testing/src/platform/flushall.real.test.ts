import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../redis/start-redis.ts";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const CREATES = 20;
const LONG_MS = 180_000;

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis({ appendOnly: true });
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

/** How many creates have come so far: begun, and done. */
async function progress(platform: Platform): Promise<{ begun: number; done: number }> {
  const [row] = await platform.database.query<{ begun: number; done: number }>(
    `select count(*) filter (where state <> 'pending')::int as begun, count(*) filter (where state = 'succeeded')::int as done
       from operation where kind = 'cluster.create'`,
  );
  return row ?? { begun: 0, done: 0 };
}

/** Empties Redis, which must have held something of ours. */
async function flushAll(): Promise<void> {
  expect((await redis.keys("berth:*")).length).toBeGreaterThan(0);
  await redis.flushall();
}

describe("with Redis as the queue", { timeout: 4 * LONG_MS }, () => {
  it(`${CREATES} creates end well although Redis is emptied in the midst of them, once together with the worker`, () =>
    withPlatform({ redisUrl: server.url, emptyAfterSeconds: 5 }, async (platform) => {
      const names = Array.from({ length: CREATES }, (_, n) => `flushed-${n}`);
      const clusters = await Promise.all(names.map((name) => createTestCluster(platform, name)));

      const until = (what: string, holds: (seen: { begun: number; done: number }) => boolean) =>
        waitFor(async () => holds(await progress(platform)), { timeoutMs: LONG_MS, what, intervalMs: 20 });
      await until("some creates to be under way", ({ begun }) => begun >= 3);
      await flushAll();
      await until("some creates to be done", ({ done }) => done >= 3);
      expect((await progress(platform)).done).toBeLessThan(CREATES);
      await platform.worker().kill();
      await flushAll();
      await platform.restartWorker();

      for (const { current_operation } of clusters)
        await untilSucceeded(platform, current_operation?.id ?? "", LONG_MS);
      const purges = await Promise.all(clusters.map((cluster) => purgeCluster(platform, cluster)));
      await until("all to be done", ({ done }) => done === CREATES);
      await flushAll();
      for (const id of purges) await untilSucceeded(platform, id, LONG_MS);
      await untilNothingIsLeft(platform, LONG_MS);
    }));
});
