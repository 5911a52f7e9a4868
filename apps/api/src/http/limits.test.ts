import type { AddressInfo } from "node:net";
import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Principal } from "./authenticate.ts";
import { networkOf } from "./client-address.ts";
import { createServer, type ServerLimits } from "./create-server.ts";
import { deprecationHeaders } from "./deprecation.ts";
import { refuse } from "./refusal.ts";
import { serve, serveFile } from "./serve.ts";
import { traceIdOf } from "./trace.ts";

const WIDE: ServerLimits = {
  perKeyAMinute: 1000,
  failuresPerAddressAMinute: 1000,
  inFlight: { requests: 100, waits: 100, files: 100 },
};
let app: FastifyInstance;
/** Organizations whose requests are held back until this resolves, and how many arrived. */
let held = "";
let hold: Promise<unknown> = Promise.resolve();
let arrived = 0;
afterEach(() => app.close());

async function start(limits: Partial<ServerLimits>): Promise<void> {
  [held, hold, arrived] = ["", Promise.resolve(), 0];
  app = await createServer({
    logger: false,
    heartbeatMs: 1000,
    limits: { ...WIDE, ...limits },
    databaseFor: () => undefined as never,
    ids: systemIds,
    authenticate: async ({ authorization }) => {
      const [, organizationId, apiKeyId] = /^Bearer (\w+)-(\w+)$/.exec(authorization ?? "") ?? [];
      if (authorization === "Bearer elsewhere") return refuse("ip_not_allowed", "Not from here.");
      if (organizationId === undefined) return refuse("invalid_credentials", "unknown");
      return ok({
        organizationId,
        apiKeyId,
        permissions: ["clusters:read", "members:read", "audit:read"],
      } as unknown as Principal);
    },
  });
  serve(app, ROUTES.listSizes, async ({ principal }) => {
    arrived += 1;
    if (principal.organizationId === held) await hold;
    return ok({ status: 200, body: { data: [] } });
  });
  serveFile(app, ROUTES.exportAuditEvents, async () => {
    arrived += 1;
    await hold;
    return refuse("internal", "There is no file.");
  });
  serve(app, ROUTES.listProjects, async () => ok({ status: 200, body: { data: [], next_page_token: null } }));
  serve(app, ROUTES.listMembers, async () => ok({ status: 200, body: { data: [], next_page_token: null } }));
  serve(app, ROUTES.acceptInvitation, async () => {
    arrived += 1;
    await hold;
    return refuse("invalid_invitation", "That is not an invitation.");
  });
  serve(app, ROUTES.getLivez, async () => ok({ status: 200, body: { status: "ok" } }));
}
const ask = (key: string, headers: Record<string, string> = {}) =>
  app.inject({ url: "/v1/sizes", headers: { authorization: `Bearer ${key}`, ...headers } });

describe("a key's requests", () => {
  it("say with every answer what is left, and are refused beyond it, for that key alone", async () => {
    await start({ perKeyAMinute: 3 });
    const left = [];
    for (let n = 0; n < 3; n++) left.push((await ask("a-one")).headers.ratelimit);
    expect(left).toEqual([2, 1, 0].map((r) => expect.stringMatching(new RegExp(`^"requests";r=${r};t=\\d+$`))));
    const refused = await ask("a-one");
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: "rate_limited", retryable: true });
    expect(refused.headers["ratelimit-policy"]).toBe('"requests";q=3;w=60');
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect((await ask("a-two")).statusCode).toBe(200);
  });

  it.each([
    ["403, that it lacks a permission", "/v1/projects"],
    ["404, that the organization is another", "/v1/organizations/org_01jd0v6m3pf8tb2k7n5xq4w9ze/members"],
    ["422, that the query is wrong", "/v1/audit_events/export?nonsense=1"],
    ["406, that nothing accepted can be given", "/v1/sizes"],
  ])("are counted and told what is left, also when the answer is %s", async (what, url) => {
    await start({ perKeyAMinute: 2 });
    const headers = { authorization: "Bearer a-one", accept: what.startsWith("406") ? "image/png" : "*/*" };
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await app.inject({ url, headers }));
    const status = Number(what.slice(0, 3));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([status, status, 429]);
    const left = answers.map((answer) => [answer.headers.ratelimit, answer.headers["ratelimit-policy"]]);
    const said = (r: number) => expect.stringMatching(new RegExp(`^"requests";r=${r};t=\\d+$`));
    expect(left).toEqual([1, 0, 0].map((r) => [said(r), '"requests";q=2;w=60']));
    expect(Number(answers[2]?.headers["retry-after"])).toBeGreaterThan(0);
    expect((await ask("a-one")).statusCode).toBe(429);
    expect((await ask("a-two")).statusCode).toBe(200);
  });

  it("are counted anew when a minute is over", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await start({ perKeyAMinute: 1 });
    expect([(await ask("a-one")).statusCode, (await ask("a-one")).statusCode]).toEqual([200, 429]);
    vi.advanceTimersByTime(59_000);
    expect((await ask("a-one")).headers["retry-after"]).toBe("1");
    vi.advanceTimersByTime(1000);
    expect((await ask("a-one")).statusCode).toBe(200);
  });

  it("are not counted for probes", async () => {
    await start({ perKeyAMinute: 1 });
    for (let n = 0; n < 5; n++) expect((await app.inject("/livez")).statusCode).toBe(200);
  });
});

it("guesses at keys are refused unseen once an address has made too many; a good key passes before that", async () => {
  await start({ failuresPerAddressAMinute: 3 });
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await ask("junk")).statusCode);
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
});

it("keys refused for another reason than that they are unknown count as guesses too", async () => {
  await start({ failuresPerAddressAMinute: 2 });
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await ask("elsewhere")).statusCode);
  expect(statuses).toEqual([403, 403, 429]);
});

describe("a route that takes no key", () => {
  const accept = (remoteAddress = "192.0.2.1") =>
    app.inject({
      method: "POST",
      url: "/v1/invitations/accept",
      remoteAddress,
      headers: { "idempotency-key": "one" },
      payload: { token: "junk", name: "Ada" },
    });

  it("counts refused tokens as guesses of their address, and refuses more unseen", async () => {
    await start({ failuresPerAddressAMinute: 2 });
    const answers = [await accept(), await accept(), await accept()];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([422, 422, 429]);
    expect(answers[2]?.json()).toMatchObject({ code: "rate_limited", retryable: true });
    expect(Number(answers[2]?.headers["retry-after"])).toBeGreaterThan(0);
    expect(arrived).toBe(2);
    expect((await accept("192.0.2.2")).statusCode).toBe(422);
    const headers = { authorization: "Bearer a-one" };
    expect((await app.inject({ url: "/v1/sizes", remoteAddress: "192.0.2.1", headers })).statusCode).toBe(429);
  });

  it("counts guesses before they are answered: many at once are no more", async () => {
    await start({ failuresPerAddressAMinute: 2 });
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await accept()).statusCode));
    expect(statuses.sort()).toEqual([422, 422, 429, 429, 429]);
  });

  it("has open requests by address", async () => {
    await start({ inFlight: { requests: 1, waits: 1, files: 1 } });
    let release: (value?: unknown) => void = () => {};
    hold = new Promise((resolve) => (release = resolve));
    const first = accept();
    await vi.waitFor(() => expect(arrived).toBe(1));
    const second = await accept();
    expect([second.statusCode, second.headers["retry-after"]]).toEqual([429, "1"]);
    release();
    expect((await first).statusCode).toBe(422);
  });
});

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["1::2:3:4:5:6", "1:0:0:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["a:b", "unknown"],
])("callers at %s are told apart as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe("an organization's open requests", () => {
  it("are refused beyond its share, and others' are not; a share is free again once answered", async () => {
    await start({ inFlight: { requests: 2, waits: 1, files: 1 } });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const get = async (key: string) => {
      const headers = { authorization: `Bearer ${key}` };
      return (await fetch(`http://127.0.0.1:${port}/v1/sizes`, { headers })).status;
    };
    let release: (value?: unknown) => void = () => {};
    [held, hold] = ["a", new Promise((resolve) => (release = resolve))];
    const open = [get("a-one"), get("a-two")];
    await vi.waitFor(() => expect(arrived).toBe(2));
    expect(await get("a-one")).toBe(429);
    expect(await get("b-one")).toBe(200);
    release();
    expect(await Promise.all(open)).toEqual([200, 200]);
    await vi.waitFor(async () => expect(await get("a-one")).toBe(200));
  });

  it("are files by a share of their own: the others go on", async () => {
    await start({ inFlight: { requests: 1, waits: 1, files: 1 } });
    let release: (value?: unknown) => void = () => {};
    hold = new Promise((resolve) => (release = resolve));
    const headers = { authorization: "Bearer a-one" };
    const file = () => app.inject({ url: "/v1/audit_events/export", headers });
    const first = file();
    await vi.waitFor(() => expect(arrived).toBe(1));
    expect((await file()).statusCode).toBe(429);
    expect((await ask("a-one")).statusCode).toBe(200);
    release();
    expect((await first).statusCode).toBe(500);
  });
});

describe("a read", () => {
  it("has an ETag, and is 304 without a body to who has it", async () => {
    await start({});
    const first = await ask("a-one");
    const etag = String(first.headers.etag);
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const again = await ask("a-one", { "if-none-match": `"other", W/${etag}` });
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, "", etag]);
    expect((await ask("a-one", { "if-none-match": '"other"' })).statusCode).toBe(200);
  });
});

describe("headers", () => {
  it("of a route that will go name since when, until when and what instead", () => {
    expect(deprecationHeaders({ since: "2026-01-01", sunset: "2027-01-01", successor: "/v1/sizes" })).toEqual({
      deprecation: "@1767225600",
      sunset: "Fri, 01 Jan 2027 00:00:00 GMT",
      link: '</v1/sizes>; rel="successor-version"',
    });
  });

  it.each([
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"],
    ["00-00000000000000000000000000000000-00f067aa0ba902b7-01", undefined],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", undefined],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", undefined],
    ["01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what.comes", "4bf92f3577b34da6a3ce929d0e0e4736"],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", undefined],
    ["cc-00000000000000000000000000000000-00f067aa0ba902b7-01", undefined],
    ["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", undefined],
    ["0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", undefined],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n", undefined],
    ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01\n", undefined],
    [undefined, undefined],
  ])("traceparent %s is the trace %s", (header, traceId) => {
    expect(traceIdOf(header)).toBe(traceId);
  });
});

it("a process that is behind refuses with 503, and still answers probes", async () => {
  await start({ maxEventLoopDelayMs: 1 });
  const late = await vi.waitUntil(
    async () => {
      for (const until = performance.now() + 50; performance.now() < until; );
      const answer = await ask("a-one");
      return answer.statusCode === 503 && answer;
    },
    { timeout: 20_000 },
  );
  expect(late.json()).toMatchObject({ code: "overloaded" });
  expect(late.headers["retry-after"]).toBe("1");
  const open = await app.inject({ method: "POST", url: "/v1/invitations/accept" });
  expect(open.json()).toMatchObject({ code: "overloaded" });
  expect((await app.inject("/livez")).statusCode).toBe(200);
});
