import { METHODS } from "node:http";
import { connect } from "node:net";
import { PROBLEM_CODES, PROBLEMS, problemCatalogue, ROUTES, type RouteShape } from "@berth/contract";
import { ok } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { Principal } from "./authenticate.ts";
import { createServer } from "./create-server.ts";
import { refuse } from "./refusal.ts";
import { serve, serveFile, serveStream } from "./serve.ts";

const KEYS: Record<string, readonly string[]> = {
  "Bearer reader": ["clusters:read"],
  "Bearer writer": ["clusters:read", "clusters:write", "admin:fleet:read", "admin:fleet:act", "audit:read"],
};
let app: FastifyInstance;
let received: unknown;

beforeEach(async () => {
  received = undefined;
  app = await createServer({
    logger: false,
    heartbeatMs: 20,
    maxStallMs: 200,
    databaseFor: () => undefined as never,
    ids: systemIds,
    authenticate: async ({ authorization }) => {
      if (authorization === undefined) return refuse("missing_credentials", "none");
      const permissions = KEYS[authorization];
      return permissions === undefined
        ? refuse("invalid_credentials", "unknown")
        : ok({ permissions } as unknown as Principal);
    },
  });
  serve(app, ROUTES.getLivez, async () => ok({ status: 200, body: { status: "ok" } }));
  serve(app, ROUTES.listRegions, async () => {
    const secret = { leaked: "secret" };
    return ok({ status: 200, body: { data: [{ name: "us-east-1", zones: ["a"], ...secret }] } });
  });
  serve(app, ROUTES.createKube, async ({ body }) => {
    received = body;
    return refuse("name_taken", "There is one.");
  });
  serve(app, ROUTES.getKube, async () => {
    throw new Error("postgres://user:password@host is down");
  });
  serve(app, ROUTES.getPool, async () => {
    throw Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" });
  });
  serve(app, ROUTES.listPools, async ({ query }) => {
    received = query;
    return ok({ status: 200, body: { data: [], next_page_token: null } });
  });
  serveFile(app, ROUTES.exportAuditEvents, async ({ query }) =>
    ok({ etag: '"e"', name: "a.jsonl", pieces: piecesOf(query.action ?? "") }),
  );
  serveStream(app, ROUTES.listEvents, {
    list: async () => ok({ status: 200, body: { data: [], next_page_token: null } }),
    follow: async ({ signal, query }) => {
      if (query.target_id === "refused") return refuse("not_found", "No.");
      return ok(
        (async function* () {
          yield { id: "evt_1", event: "cluster.created", data: anEvent };
          if (query.target_id === "endless") await new Promise((resolve) => signal.addEventListener("abort", resolve));
        })(),
      );
    },
  });
});
afterEach(() => app.close());

/** What a file is made of, by its name. */
async function* piecesOf(kind: string): AsyncGenerator<string> {
  if (kind === "broken") throw new Error("postgres://user:password@host is down");
  yield "one\n";
  if (kind === "cut") throw new Error("postgres://user:password@host is down");
  while (kind === "endless") yield "x".repeat(1_000_000);
  yield "two\n";
}

const anEvent = {
  id: "evt_1",
  type: "cluster.created",
  target: { type: "cluster", id: "cl_1" },
  operation_id: null,
  data: { text: "two\nlines" },
  created_at: "2026-11-24T00:00:00.000Z",
};
const writer = { authorization: "Bearer writer" };
const json = { ...writer, "content-type": "application/json" };
const kube = { name: "k", region: "r", zones: ["a"], kubeconfig: "x" };
const poolId = "pool_01jd0v6m3pf8tb2k7n5xq4w9ze";
const kubeId = "kub_01jd0v6m3pf8tb2k7n5xq4w9ze";

describe("permissions", () => {
  it("lets probes pass without a key, and nothing else", async () => {
    expect((await app.inject("/livez")).statusCode).toBe(200);
    const answer = await app.inject("/v1/regions");
    expect(answer.statusCode).toBe(401);
    expect(answer.json().code).toBe("missing_credentials");
    expect(answer.headers["www-authenticate"]).toContain("Bearer");
  });

  it("says which permission is missing", async () => {
    const answer = await app.inject({ url: `/v1/admin/kubes/${kubeId}`, headers: { authorization: "Bearer reader" } });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["admin:fleet:read"],
    });
  });

  it("are asked before the body is read", async () => {
    const answer = await app.inject({ method: "POST", url: "/v1/admin/kubes", payload: "x".repeat(300_000) });
    expect(answer.statusCode).toBe(401);
  });
});

describe("a route that will go says so with every answer", () => {
  const deprecated = { since: "2026-01-01", sunset: "2027-01-01", successor: "/v1/sizes" };
  const said = {
    deprecation: "@1767225600",
    sunset: "Fri, 01 Jan 2027 00:00:00 GMT",
    link: '</v1/sizes>; rel="successor-version"',
  };
  beforeEach(() => {
    const url = "/v1/going" as const;
    serve(app, { ...ROUTES.createKube, operationId: "goCreate", path: url, deprecated }, async ({ body }) => {
      if (body.name === "broken") throw new Error("broken");
      return refuse("name_taken", "There is one.");
    });
    serveStream(
      app,
      { ...ROUTES.listEvents, operationId: "goStream", path: url, deprecated },
      {
        list: async () => ok({ status: 200, body: { data: [], next_page_token: null } }),
        follow: async () => ok((async function* () {})()),
      },
    );
    serveFile(
      app,
      { ...ROUTES.exportAuditEvents, operationId: "goFile", path: "/v1/going.file", deprecated },
      async () => ok({ etag: '"e"', name: "a.jsonl", pieces: piecesOf("") }),
    );
  });

  it.each([
    [200, "GET", {}],
    [304, "GET", { headers: { "if-none-match": "*" } }],
    [200, "GET", { headers: { accept: "text/event-stream" } }],
    [200, "GET", { url: "/v1/going.file" }],
    [401, "GET", { headers: { authorization: "Bearer junk" } }],
    [403, "POST", { headers: { authorization: "Bearer reader" } }],
    [406, "GET", { headers: { accept: "image/png" } }],
    [422, "GET", { url: "/v1/going?nonsense=1" }],
    [400, "POST", { payload: "{" }],
    [409, "POST", { payload: JSON.stringify(kube) }],
    [413, "POST", { payload: "x".repeat(300_000) }],
    [415, "POST", { headers: { "content-type": "text/plain" }, payload: "x" }],
    [500, "POST", { payload: JSON.stringify({ ...kube, name: "broken" }) }],
  ] as const)("%i of a %s %j", async (status, method, ask: { headers?: object; url?: string; payload?: string }) => {
    const type = ask.payload === undefined ? {} : { "content-type": "application/json" };
    const headers = { ...writer, ...type, ...ask.headers };
    const answer = await app.inject({ url: "/v1/going", ...ask, method, headers });
    expect([answer.statusCode, answer.headers]).toEqual([status, expect.objectContaining(said)]);
  });
});

describe("a route that is not declared stops the server from starting", () => {
  /** A route of its own path, so that nothing but the declaration is wrong. */
  const declare = (over: Partial<Record<keyof RouteShape, unknown>>) => () => {
    const shape = { ...ROUTES.getVersion, operationId: "another", path: "/another", ...over };
    serve(app, shape as unknown as typeof ROUTES.getVersion, async () => refuse("not_found", "No."));
  };

  it.each([
    ["its permission is missing", { permission: undefined }, "declares no permission"],
    ["its permission is none of ours", { permission: "clusters:everything" }, "declares no permission"],
    ["its operation id is missing", { operationId: undefined }, "declares no operation id"],
    ["its operation id is empty", { operationId: "" }, "declares no operation id"],
    ["its operation id is another route's", { operationId: "getLivez" }, "GET /livez has the operation id getLivez"],
    ["its problems are missing", { problems: undefined }, "declares no problems"],
    ["a problem of its is not in the catalogue", { problems: ["name_taken", "oh_no"] }, "oh_no"],
    ["a problem of its is only inherited", { problems: ["toString"] }, "toString"],
    ["operators read by it, and it does not say what of tenants", { permission: "admin:fleet:read" }, "tenantData"],
    [
      "its query would let a mistyped field pass",
      { query: z.object({ limit: z.string() }) },
      "a query that is not strict",
    ],
    [
      "it streams what is tenants' to operators",
      { permission: "admin:fleet:read", tenantData: { organization: "id" }, stream: z.object({}) },
      "streams what is tenants'",
    ],
  ])("when %s", (_, over, why) => {
    expect(declare(over)).toThrow(why);
    expect(declare({})).not.toThrow();
  });

  it("when it is not of the contract at all", () => {
    expect(() => app.get("/open", async () => "hello")).toThrow("GET /open declares no permission");
  });
});

describe("refusals", () => {
  it("are problems with the request's id, also in the header", async () => {
    const id = "0b0e6d6a-8f1c-4b6e-9d3f-4f2a6c8e1a2b";
    const answer = await app.inject({ url: "/v1/nothing", headers: { "x-request-id": id } });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.headers["x-request-id"]).toBe(id);
    expect(answer.json()).toMatchObject({ code: "not_found", request_id: id, instance: `urn:request:${id}` });
  });

  it("take no request id that is not a UUID", async () => {
    const answer = await app.inject({ url: "/livez", headers: { "x-request-id": "a\tforged line" } });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("name the methods of a path that has not this one", async () => {
    const answer = await app.inject({ method: "DELETE", url: "/v1/admin/pools" });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe("POST, GET");
  });

  it("tell a caller nothing of what failed inside", async () => {
    const answer = await app.inject({ url: `/v1/admin/kubes/${kubeId}`, headers: writer });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("password");
  });

  it("are 503 with Retry-After when the database is away", async () => {
    const answer = await app.inject({ url: `/v1/admin/pools/${poolId}`, headers: writer });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.json()).toMatchObject({ code: "overloaded", retryable: true });
  });

  it("are 406 when nothing that is accepted can be given", async () => {
    const answer = await app.inject({
      url: "/v1/regions",
      headers: { ...writer, accept: "text/html, application/json;q=0" },
    });
    expect(answer.statusCode).toBe(406);
  });

  it.each([
    "not-an-id",
    "cl_01jd0v6m3pf8tb2k7n5xq4w9ze",
    "kub_%00",
    "%E0%A4%A",
    "..%2f..%2fetc",
    "kub_".padEnd(400, "x"),
  ])("answer the id %s like an unknown one", async (id) => {
    const answer = await app.inject({ url: `/v1/admin/kubes/${id}`, headers: writer });
    expect(answer.statusCode).toBe(404);
    expect(answer.json().code).toBe("not_found");
  });
});

describe("bodies", () => {
  const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
    app.inject({ method: "POST", url: "/v1/admin/kubes", headers, payload });

  it("reach the handler when they are well", async () => {
    const answer = await post(JSON.stringify(kube));
    expect(answer.json().code).toBe("name_taken");
    expect(received).toEqual(kube);
  });

  it.each([
    ["cut off", '{"name":"k"', "malformed_json"],
    ["empty", "", "malformed_json"],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), "malformed_json"],
    ["with a key twice", '{"name":"a","name":"b"}', "malformed_json"],
    ["with a key twice, once escaped", '{"name":"a","n\\u0061me":"b"}', "malformed_json"],
    ["nested 33 deep", `${"[".repeat(33)}${"]".repeat(33)}`, "malformed_json"],
    ["with __proto__", '{"__proto__":{"name":"k"}}', "malformed_json"],
    ["with a comment", '{/* */"name":"k"}', "malformed_json"],
    ["with NaN", '{"name":NaN}', "malformed_json"],
  ])("are refused when %s", async (_, payload, code) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe(code);
    expect(received).toBeUndefined();
  });

  it("are refused above 256 KiB", async () => {
    expect((await post(JSON.stringify({ ...kube, kubeconfig: "x".repeat(300_000) }))).statusCode).toBe(413);
  });

  it.each([
    "text/plain",
    "application/json; charset=latin1",
    "application/json\t",
    "application/jsonx",
    "application/json, text/plain",
    "application/problem+json",
    "",
  ])("are refused as %j", async (type) => {
    const answer = await post(JSON.stringify(kube), { ...writer, "content-type": type });
    expect(answer.statusCode).toBe(415);
    expect(received).toBeUndefined();
  });

  it("show every fault at its JSON pointer", async () => {
    const answer = await post(JSON.stringify({ name: "k\n", zones: ["a", "b b"], color: 1, kubeconfig: "x" }));
    expect(answer.statusCode).toBe(422);
    const faults = answer.json().errors.map((one: { pointer: string; code: string }) => [one.pointer, one.code]);
    expect(faults.sort()).toEqual([
      ["/color", "unknown_field"],
      ["/name", "invalid_format"],
      ["/region", "required"],
      ["/zones/1", "invalid_format"],
    ]);
  });
});

describe("queries", () => {
  it("are read as what they mean, and cut to the largest page", async () => {
    await app.inject({ url: "/v1/admin/pools?limit=1000", headers: writer });
    expect(received).toEqual({ limit: 200, order: "created_at" });
  });

  it.each(["limit=-1", "limit=1&limit=2", "limit=1e3", "unknown=1", "kube_id=cl_1"])(
    "are refused: %s",
    async (query) => {
      const answer = await app.inject({ url: `/v1/admin/pools?${query}`, headers: writer });
      expect(answer.statusCode).toBe(422);
      expect(answer.json().errors[0].pointer).toBe(`?${query.split("=")[0]}`);
    },
  );
});

describe("answers", () => {
  it("hold nothing that the contract does not name", async () => {
    const answer = await app.inject({ url: "/v1/regions", headers: writer });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain("secret");
  });

  it("carry strict headers", async () => {
    const { headers } = await app.inject("/livez");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'none'",
    });
    expect(headers["x-powered-by"]).toBeUndefined();
  });
});

describe("documentation", () => {
  it("is the contract's document, and a page that shows it", async () => {
    expect((await app.inject("/openapi.json")).json().openapi).toBe("3.1.0");
    const page = await app.inject("/docs/");
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain("swagger-ui");
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
  });

  it("is where the type of every problem leads", async () => {
    for (const code of PROBLEM_CODES) {
      const { statusCode, body } = await app.inject(`/problems/${code}`);
      expect([statusCode, body]).toEqual([200, expect.stringContaining(PROBLEMS[code].title)]);
    }
    expect((await app.inject("/problems")).body).toBe(problemCatalogue());
    expect((await app.inject("/problems/__proto__")).json().code).toBe("not_found");
  });
});

describe("streams", () => {
  const stream = { ...writer, accept: "text/event-stream" };

  it("send each event with its id, and say when nothing more will come", async () => {
    const answer = await app.inject({ url: "/v1/events", headers: stream });
    expect(answer.headers["content-type"]).toContain("text/event-stream");
    expect(answer.body).toBe(
      `: following\n\nid: evt_1\nevent: cluster.created\ndata: ${JSON.stringify(anEvent)}\n\nevent: end\ndata: {}\n\n`,
    );
  });

  it("refuse as a problem before they begin", async () => {
    const answer = await app.inject({ url: "/v1/events?target_id=refused", headers: stream });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
  });

  it("stay alive by comments while nothing happens, and end when the server stops", async () => {
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch(`${url}/v1/events?target_id=endless`, { headers: stream });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.split(": heartbeat").length > 2) break;
    }
    expect(text).toContain("evt_1");
    await app.close();
  });
});

describe("files", () => {
  const fetchFile = async (kind: string) => {
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return fetch(`${url}/v1/audit_events/export?action=${kind}`, { headers: writer });
  };

  it("are sent piece by piece under their name", async () => {
    const answer = await app.inject({ url: "/v1/audit_events/export", headers: writer });
    expect(answer.body).toBe("one\ntwo\n");
    expect(answer.headers).toMatchObject({ etag: '"e"', "content-disposition": 'attachment; filename="a.jsonl"' });
  });

  it("are a problem when they fail before they begin, with nothing about a file in it", async () => {
    const answer = await app.inject({ url: "/v1/audit_events/export?action=broken", headers: writer });
    expect([answer.statusCode, answer.json().code]).toEqual([500, "internal"]);
    expect([answer.headers.etag, answer.headers["content-disposition"]]).toEqual([undefined, undefined]);
    expect(answer.body).not.toContain("password");
  });

  it("that fail in the middle break off", async () => {
    const answer = await fetchFile("cut");
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow("terminated");
  });

  it("break off when their reader takes nothing for too long", async () => {
    const answer = await fetchFile("endless");
    const connections = () => new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
    await vi.waitUntil(async () => (await connections()) === 0, { timeout: 20_000 });
    await expect(answer.text()).rejects.toThrow("terminated");
  });
});

describe("a request over a socket", () => {
  const ask = async (text: string): Promise<string> => {
    const url = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(url.port), "127.0.0.1", () => socket.write(text));
      socket.on("data", (data) => {
        answer += data;
      });
      socket.on("close", () => resolve(answer)).on("error", reject);
    });
  };

  it.each(METHODS.filter((method) => !["CONNECT", "GET", "POST"].includes(method)))(
    "of the method %s, which a path has not, is answered with those that it has",
    async (method) => {
      const answer = await ask(`${method} /v1/admin/pools HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer).toContain("HTTP/1.1 405 ");
      expect(answer.toLowerCase()).toContain("allow: post, get");
    },
  );

  it.each([
    ["HTTP that cannot be parsed", "HELLO\r\n\r\n", 400, "bad_request"],
    [
      "two lengths",
      "POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
      "bad_request",
    ],
    [
      "headers of 20 KiB",
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
      "header_fields_too_large",
    ],
  ])("that is none is answered with a problem: %s", async (_, text, status, code) => {
    const answer = await ask(text);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain("application/problem+json");
    expect(answer).toContain(`"code":"${code}"`);
  });
});
