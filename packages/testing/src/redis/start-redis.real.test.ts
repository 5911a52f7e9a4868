import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { startRedis } from "./start-redis.ts";

async function use<T>(url: string, command: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await command(redis);
  } finally {
    redis.disconnect();
  }
}

it.each([
  { appendOnly: true, after: "kept" },
  { appendOnly: false, after: null },
])("with appendOnly $appendOnly a value reads $after after a kill", async ({ appendOnly, after }) => {
  const server = await startRedis({ appendOnly });
  try {
    await use(server.url, (redis) => redis.set("key", "kept"));
    await server.kill();
    await server.startAgain();
    expect(await use(server.url, (redis) => redis.get("key"))).toBe(after);
    expect(await use(server.url, (redis) => redis.config("GET", "maxmemory-policy"))).toEqual([
      "maxmemory-policy",
      "noeviction",
    ]);
  } finally {
    await server.stop();
  }
});
