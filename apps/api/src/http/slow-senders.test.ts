import { type AddressInfo, connect } from "node:net";
import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Principal } from "./authenticate.ts";
import { createServer } from "./create-server.ts";
import { refuse } from "./refusal.ts";
import { serve } from "./serve.ts";

const BODY = JSON.stringify({ name: "main", region: "us-east-1", zones: ["a"], kubeconfig: "x".repeat(150) });
const HEAD = [
  "POST /v1/admin/kubes HTTP/1.1",
  "host: x",
  "authorization: Bearer key",
  "idempotency-key: one",
  "content-type: application/json",
  `content-length: ${BODY.length}`,
].join("\r\n");

let app: FastifyInstance;
let port: number;
let bodies: unknown[];

beforeEach(async () => {
  bodies = [];
  app = await createServer({
    logger: false,
    heartbeatMs: 1000,
    maxArrivalMs: 900,
    databaseFor: () => undefined as never,
    ids: systemIds,
    authenticate: async () => ok({ permissions: ["admin:fleet:act"] } as unknown as Principal),
  });
  serve(app, ROUTES.getLivez, async () => ok({ status: 200, body: { status: "ok" } }));
  serve(app, ROUTES.createKube, async ({ body }) => {
    bodies.push(body);
    return refuse("name_taken", "There is one.");
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(() => app.close());

/**
 * Sends the first part at once and the rest by and by, whatever is answered: it does not hang up when the server does.
 * Gives what came until the connection was closed.
 */
function trickle(first: string, rest: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {}); // A reset is an end too.
    socket.write(first);
    let at = 0;
    const timer = setInterval(() => {
      if (at < rest.length) socket.write(rest[at++] ?? "");
      else socket.end();
    }, 15);
    socket.once("close", () => {
      clearInterval(timer);
      resolve(text);
    });
  });
}

const problemIn = (text: string) => JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));

it("takes a request that arrives in pieces, but in time", async () => {
  const text = await trickle(`${HEAD}\r\nconnection: close\r\n\r\n${BODY.slice(0, -3)}`, BODY.slice(-3));
  expect(problemIn(text).code).toBe("name_taken");
  expect(bodies).toHaveLength(1);
});

it.each([
  // 200 bytes of 15 ms each: three times as long as there is.
  ["body", `${HEAD}\r\n\r\n`, BODY],
  ["headers", `${HEAD}\r\n`, `x-slow: ${"x".repeat(200)}\r\n\r\n${BODY}`],
])("answers slow %s with 408 request_timeout, lets go and holds up nobody meanwhile", async (_, first, rest) => {
  const slow = Promise.all(Array.from({ length: 50 }, () => trickle(first, rest)));
  const others = await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${port}/livez`)));
  expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
  for (const text of await slow) {
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(problemIn(text)).toMatchObject({ status: 408, code: "request_timeout", retryable: true });
  }
  // What came after the answer was not carried out after all.
  expect(bodies).toEqual([]);
});
