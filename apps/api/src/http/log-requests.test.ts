import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import { createLogger, systemIds } from "@berth/runtime";
import { expect, it } from "vitest";
import type { Principal } from "./authenticate.ts";
import { createServer } from "./create-server.ts";
import { serve } from "./serve.ts";

it("a request is one line of the log: what was asked, from where, how it was answered and how long it took", async () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const app = await createServer({
    loggerInstance: createLogger({ name: "api", level: "info", destination }),
    heartbeatMs: 1000,
    maxStallMs: 1000,
    databaseFor: () => undefined as never,
    ids: systemIds,
    authenticate: async () => ok({ permissions: [] } as unknown as Principal),
  });
  serve(app, ROUTES.listRegions, async () => ok({ status: 200, body: { data: [] } }));
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  await app.inject({ url: "/v1/regions", headers: { traceparent, authorization: "Bearer secret" } });
  await app.inject({ url: "/nowhere" });
  await app.close();

  expect(lines).toMatchObject([
    { method: "GET", url: "/v1/regions", ip: "127.0.0.1", status: 200, msg: "answered", traceId },
    { method: "GET", url: "/nowhere", status: 404, msg: "answered" },
  ]);
  for (const line of lines) expect(line).toMatchObject({ ms: expect.any(Number), reqId: expect.any(String) });
  expect(JSON.stringify(lines)).not.toContain("secret");
});
