import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { PERMISSIONS, PROBLEMS, type ProblemCode, problemSchema, ROUTES, type RouteShape } from "@berth/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type TestApi } from "./testing/test-api.ts";
import { worstBodies } from "./testing/worst-bodies.ts";

/**
 * What has broken parsers and databases before: bodies over a real socket to every route that reads one, which is all but GET,
 * and texts in every place of every route that has one. Each is answered as documented, nothing is stored, and no single
 * request keeps the process from the others for long.
 */

/** Processor time that one request may take of the event loop. Not time on the wall: a busy machine is no fault of ours. */
const MAX_STALL_MS = 200;

let api: TestApi;
let key: string;
let port: number;
beforeAll(async () => {
  api = await startTestApi();
  key = await api.newKey(api.operator.organizationId, PERMISSIONS);
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  const address = api.app.server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => api.close());

const JSON_TYPE = { "content-type": "application/json" };
interface Malformed {
  readonly name: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly codes: readonly ProblemCode[];
}

const long = 10 * 1024 * 1024;
const CORPUS: readonly Malformed[] = [
  { name: "nothing at all", body: "", codes: ["malformed_json"] },
  { name: "a key twice", body: '{"name":"a","name":"b"}', codes: ["malformed_json"] },
  { name: "a key twice, once escaped", body: '{"name":"a","\\u006eame":"b"}', codes: ["malformed_json"] },
  { name: "a key twice, deep inside", body: '{"labels":{"x":{"a":1,"a":2}}}', codes: ["malformed_json"] },
  { name: "__proto__", body: '{"__proto__":{"admin":true}}', codes: ["malformed_json"] },
  { name: "__proto__, escaped", body: '{"\\u005f_proto__":{"admin":true}}', codes: ["malformed_json"] },
  { name: "constructor.prototype", body: '{"constructor":{"prototype":{"admin":true}}}', codes: ["validation_failed"] },
  { name: "a number beyond all numbers", body: '{"instances":1e400}', codes: ["validation_failed"] },
  { name: "2^53 + 1", body: '{"instances":9007199254740993}', codes: ["validation_failed"] },
  { name: "minus zero", body: '{"instances":-0}', codes: ["validation_failed"] },
  { name: "NaN", body: '{"instances":NaN}', codes: ["malformed_json"] },
  { name: "a lone surrogate", body: '{"name":"\\ud800"}', codes: ["validation_failed"] },
  { name: "NUL in a text", body: '{"name":"a\\u0000b"}', codes: ["validation_failed"] },
  { name: "NUL in the JSON", body: '{"name":"a\0b"}', codes: ["malformed_json"] },
  {
    name: "bytes that are no UTF-8",
    body: Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d]),
    codes: ["malformed_json"],
  },
  { name: "UTF-16", body: Buffer.from('{"name":"a"}', "utf16le"), codes: ["malformed_json"] },
  { name: "a byte order mark", body: '\ufeff{"name":"a"}', codes: ["malformed_json"] },
  { name: "a comment", body: '{/**/"name":"a"}', codes: ["malformed_json"] },
  { name: "a comma at the end", body: '{"name":"a",}', codes: ["malformed_json"] },
  { name: "two values", body: '{"name":"a"}{"name":"b"}', codes: ["malformed_json"] },
  { name: "an array", body: "[]", codes: ["validation_failed"] },
  { name: "null", body: "null", codes: ["validation_failed"] },
  { name: "10,000 levels", body: `${"[".repeat(10_000)}${"]".repeat(10_000)}`, codes: ["malformed_json"] },
  { name: "10,000 objects deep", body: `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, codes: ["malformed_json"] },
  {
    name: "20,000 keys",
    body: `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(",")}}`,
    codes: ["payload_too_large"],
  },
  { name: "100,000 entries", body: `[${Array(100_000).fill(1).join(",")}]`, codes: ["payload_too_large"] },
  {
    name: "80 lists of 128",
    body: `[${Array(80)
      .fill(`[${Array(128).fill(1).join(",")}]`)
      .join(",")}]`,
    codes: ["payload_too_large"],
  },
  { name: "10 MB", body: `{"name":"${"x".repeat(long)}"}`, codes: ["payload_too_large"] },
  { name: "200 KB of brackets", body: "[".repeat(200_000), codes: ["malformed_json"] },
  { name: "200 KB of escapes", body: `{"name":"${'\\"'.repeat(100_000)}"}`, codes: ["validation_failed"] },
  ...[
    "text/plain",
    "application/json-patch+json",
    "application/jsonx",
    "application/json; charset=utf-16",
    "application/json;charset=utf-8; boundary=x",
    "application/json, text/plain",
    "application/json\t; charset=utf-8",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/xml",
    "",
  ].map((type) => ({
    name: `the media type ${JSON.stringify(type)}`,
    body: '{"name":"a"}',
    headers: { "content-type": type },
    codes: ["unsupported_media_type"] as const,
  })),
  {
    name: "a body that says it is compressed",
    body: '{"name":"a"}',
    headers: { ...JSON_TYPE, "content-encoding": "gzip" },
    codes: ["unsupported_media_type"],
  },
];

/** A body that is sent is read, also where none is asked for. */
const reading = Object.values<RouteShape>(ROUTES).filter(({ method }) => method !== "GET");
const pathOf = (shape: RouteShape) =>
  shape.path.replace(/\{(\w+?)_id\}/g, (_, noun: string) => `${PREFIX[noun] ?? "cl"}_01jd0v6m3pf8tb2k7n5xq4w9ze`);
const PREFIX: Readonly<Record<string, string>> = {
  pool: "pool",
  kube: "kub",
  api_key: "key",
  project: "prj",
  organization: "org",
  member: "mem",
  invitation: "inv",
};

/** Sends bytes as they are, and reads the first answer: fetch would put right what is to be wrong. */
async function exchange(shape: RouteShape, { body, headers }: Malformed): Promise<{ status: number; text: string }> {
  const bytes = Buffer.from(body as string);
  const lines = Object.entries({
    host: "127.0.0.1",
    authorization: `Bearer ${key}`,
    "idempotency-key": randomUUID(),
    "content-length": String(bytes.length),
    connection: "close",
    ...JSON_TYPE,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(port, "127.0.0.1");
  const answer = received(socket);
  socket.write(`${shape.method} ${pathOf(shape)} HTTP/1.1\r\n${lines.join("")}\r\n`);
  socket.write(bytes);
  return answer;
}

function received(socket: Socket): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    const end = () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
    socket.once("end", end);
    socket.once("close", end);
    // A server that refuses early resets a sender that goes on: what came before that is the answer.
    socket.on("error", (error) => (text === "" ? reject(error) : end()));
  });
}

const problemIn = (text: string) => {
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return problemSchema.parse(
    JSON.parse(body.startsWith("{") ? body : body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1)),
  );
};

describe("a body that is no body", () => {
  it.each(CORPUS.map((one) => [one.name, one] as const))(
    "%s: refused as documented, by every route",
    async (_, one) => {
      for (const shape of reading) {
        const { status, text } = await exchange(shape, one);
        const at = `${shape.operationId}: ${text.slice(0, 400)}`;
        const problem = problemIn(text);
        // A route without a body takes any JSON: what its path names is not there, or it refuses for another reason.
        const others = [shape.path.includes("{") ? "not_found" : "", shape.body === undefined ? "invalid_state" : ""];
        expect([...one.codes, ...others], at).toContain(problem.code);
        expect(status, at).toBe(PROBLEMS[problem.code].status);
      }
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    },
  );

  it("nothing of it is stored", async () => {
    const stored = await api.owner.query("select 1 as one from idempotency_record where organization_id = $1", [
      api.operator.organizationId,
    ]);
    // The kube and the pool of the test's own beginning.
    expect(stored).toHaveLength(2);
  });
});

/** As they stand in a URL: what is no text for PostgreSQL, no UTF-8, no year of its, or more than anybody has to say. */
const TEXTS = [
  "%00",
  "a%00b",
  "a:%00",
  "%00:a",
  "%ED%A0%80",
  "a:%ED%A0%80",
  "%FF",
  "%",
  "%F4%8F%BF%BF",
  "x".repeat(10_000),
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
];

describe.each(Object.values<RouteShape>(ROUTES).map((shape) => [shape.operationId, shape] as const))(
  "a text that is no text, to %s",
  (_, shape) => {
    // One's own organization: before another's, nothing else is looked at.
    const pathOf = ({ path }: Pick<RouteShape, "path">) =>
      path.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === "organization_id"
          ? api.operator.organizationId
          : String(shape.params?.shape[name]?.meta()?.examples?.[0]),
      );
    const ask = (url: string, headers: Record<string, string> = {}) =>
      api.ask(shape.method, url, { ...(shape.permission === "public" ? {} : { key }), headers });

    it.each(Object.keys(shape.query?.shape ?? {}))("is answered as documented in the query's %s", async (field) => {
      for (const text of TEXTS) {
        const answer = await ask(`${pathOf(shape)}?${field}=${text}`);
        expect(answer.statusCode, `${text.slice(0, 30)}: ${answer.body}`).toBeLessThan(500);
      }
    });

    it.each(Object.keys(shape.params?.shape ?? {}))("is an unknown %s in the path", async (name) => {
      for (const text of TEXTS) {
        const url = pathOf({ path: shape.path.replace(`{${name}}`, text) as `/${string}` });
        const headers = { authorization: `Bearer ${key}` };
        expect((await api.app.inject({ method: shape.method, url, headers })).statusCode, text).toBe(404);
      }
    });

    const headers = [...Object.keys(shape.headers?.shape ?? {}), "if-none-match", "user-agent", "x-request-id"];
    it.each(headers)("is answered as documented in the header %s", async (name) => {
      // What Node lets through: bytes, each a character, and never a NUL.
      for (const text of ["\u00ff", "\u00ed\u00a0\u0080", "\t", "x".repeat(10_000)]) {
        expect((await ask(pathOf(shape), { [name]: text })).statusCode, text.slice(0, 30)).toBeLessThan(500);
      }
    });
  },
);

describe("the event loop", () => {
  it.each(reading.map((shape) => [shape.operationId, shape] as const))(
    `is never kept for ${MAX_STALL_MS} ms by one body of %s`,
    async (_, shape) => {
      const cost = async ({ body, headers }: Pick<Malformed, "body" | "headers">) => {
        const startedAt = process.cpuUsage();
        const answer = await api.app.inject({
          method: shape.method as "POST",
          url: pathOf(shape),
          headers: { authorization: `Bearer ${key}`, "idempotency-key": randomUUID(), ...JSON_TYPE, ...headers },
          payload: body,
        });
        const { user, system } = process.cpuUsage(startedAt);
        expect(answer.statusCode, answer.body).toBeLessThan(500);
        return (user + system) / 1000;
      };
      for (const one of [...CORPUS, ...worstBodies(shape.body)]) {
        let spentMs = await cost(one);
        // A body that takes long does so each time; a collection of garbage comes once.
        for (let again = 0; again < 2 && spentMs >= MAX_STALL_MS; again++) spentMs = Math.min(spentMs, await cost(one));
        expect(spentMs, one.name).toBeLessThan(MAX_STALL_MS);
      }
    },
    120_000,
  );
});
