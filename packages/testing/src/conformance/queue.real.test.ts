import { EvictingRedis, openQueue } from "@berth/queue";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../redis/start-redis.ts";
import { queueConformance } from "./queue.ts";

describe("the queue on Redis", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
  });
  afterAll(() => redis.stop());

  for (const { name, run } of queueConformance) {
    it(name, () => run({ kind: "redis", url: redis.url }));
  }

  it("refuses a Redis that may evict jobs", async () => {
    const client = new Redis(redis.url);
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    await expect(openQueue({ kind: "redis", url: redis.url }, { onError: () => {} })).rejects.toThrow(EvictingRedis);
    await client.config("SET", "maxmemory-policy", "noeviction");
    client.disconnect();
  });
});
