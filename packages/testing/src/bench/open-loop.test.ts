import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openLoop } from "./open-loop.ts";

let url: string;
let seen: string[];
/** How long the n-th answer takes, and its status. */
let answer: (n: number) => { readonly afterMs: number; readonly status: number };
const server = createServer((request, response) => {
  const { afterMs, status } = answer(seen.push(request.url ?? "") - 1);
  setTimeout(() => response.writeHead(status).end("x"), afterMs);
});

beforeEach(async () => {
  seen = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const make = (n: number) => ({ method: "GET", path: `/${n}`, headers: {} }) as const;

it("requests are sent when they are due, though none of the earlier ones was answered", async () => {
  answer = () => ({ afterMs: 400, status: 200 });
  const { p50, failed } = await openLoop({ url, perSecond: 100, seconds: 0.2, warmUp: 0, make });
  expect(seen).toHaveLength(20);
  expect(p50).toBeGreaterThanOrEqual(395);
  // One after the other would have taken 8 s for the last.
  expect(p50).toBeLessThan(2000);
  expect(failed).toBe(0);
});

it("the warm-up is not counted, and what was refused is", async () => {
  answer = (n) => ({ afterMs: 0, status: n < 10 || n % 2 === 0 ? 503 : 200 });
  const { failed } = await openLoop({ url, perSecond: 100, seconds: 0.1, warmUp: 10, make });
  expect(seen).toHaveLength(20);
  expect(failed).toBe(5);
});
