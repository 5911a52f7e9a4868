import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, it } from "vitest";
import { outageCases } from "./testing/outage-cases.ts";
import { startRedis } from "./testing/servers.ts";

describe("the queue, when Redis goes away", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
  });
  afterAll(() => server.stop());

  const empty = async () => {
    const client = new Redis(server.url);
    await client.flushall();
    client.disconnect();
  };

  for (const { name, run } of outageCases) {
    it(name, () => run({ kind: "redis", url: server.url, empty }, server));
  }
});
