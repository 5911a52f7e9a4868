import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type AuditDraft, checkChain, draftPieces, GENESIS_HASH } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

setFlagsFromString("--expose-gc");

/** More than the sockets between us hold, so that a reader who stops holds the server up. */
const ROWS = 20_000;
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

let api: TestApi;
let port: number;
let tenant: Tenant;
let long: Tenant;
beforeAll(async () => {
  api = await startTestApi({ rememberKeysMs: 200 });
  await api.app.listen({ host: "127.0.0.1", port: 0 });
  const address = api.app.server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  tenant = await api.newTenant();
  for (const name of ["a", "b", "c"]) await api.ask("POST", "/v1/projects", { key: tenant.key, body: { name } });
  long = await api.newTenant();
  await writeRows(long, ROWS);
});
afterAll(() => api.close());

/** Rows as the database makes them one by one, many in a statement: it checks that they are a chain. */
async function writeRows({ organizationId }: Tenant, count: number): Promise<void> {
  const rows: string[] = [];
  for (let number = 1, previous = GENESIS_HASH; number <= count; number++) {
    const draft: AuditDraft = {
      id: systemIds.next("auditEvent"),
      organization_id: organizationId,
      actor: { type: "api_key", id: "key_1", name: "ci" },
      on_behalf_of: null,
      action: "cluster.update",
      target: { type: "cluster", id: "cl_1" },
      request_id: randomUUID(),
      ip: "203.0.113.9",
      user_agent: "x".repeat(200),
      outcome: "succeeded",
      changes: { before: null, after: { n: number } },
    };
    const [one, two, three, four] = draftPieces(draft);
    const at = new Date(1.8e12 + number * 1000).toISOString();
    rows.push(`{${one},"created_at":"${at}",${two},"number":${number},${three},"previous_hash":"${previous}",${four}}`);
    previous = sha256(rows.at(-1) ?? "");
  }
  for (let from = 0; from < count; from += 500) {
    await api.owner.query("insert into audit_event (content) select unnest($1::text[])", [
      rows.slice(from, from + 500),
    ]);
  }
}

const exportOf = (query = "", key = tenant.key, headers: Record<string, string> = {}) =>
  api.ask("GET", `/v1/audit_events/export${query}`, { key, headers });

describe("an export as JSONL", () => {
  it("has each row as it was hashed, a line each, in the order of numbers, and is the whole chain", async () => {
    const answer = await exportOf();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/jsonl; charset=utf-8");
    expect(answer.headers["content-disposition"]).toBe(`attachment; filename="audit-${tenant.organizationId}-3.jsonl"`);
    const lines = answer.body.split("\n");
    expect(lines.pop()).toBe("");
    const stored = await api.owner.query<{ content: string; hash: string }>(
      "select content, hash from audit_event where organization_id = $1 order by number",
      [tenant.organizationId],
    );
    expect(lines).toEqual(stored.map(({ content, hash }) => content.replace(/\}$/, `,"hash":"${hash}"}`)));
    for (const line of lines) {
      expect(sha256(line.replace(/,"hash":"[0-9a-f]{64}"\}$/, "}"))).toBe(JSON.parse(line).hash);
    }
  });

  it("leaves out what the filter does, and is empty when that is all", async () => {
    const [, second] = (await exportOf()).body.split("\n").map((line) => (line === "" ? {} : JSON.parse(line)));
    const numbers = async (query: string) =>
      [...(await exportOf(query)).body.matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number));
    expect(await numbers(`?target_id=${second.target.id}`)).toEqual([2]);
    expect(await numbers(`?actor=${second.actor.id}&created_after=${second.created_at}`)).toEqual([2, 3]);
    expect((await exportOf("?action=project.delete")).body).toBe("");
    expect((await exportOf("", api.stranger.key)).body).toBe("");
  });
});

describe("an export as CSV", () => {
  it("has a header and a line a row, and nothing that a spreadsheet takes for a formula", async () => {
    const headers = { "user-agent": '=HYPERLINK("http://example.com")' };
    const spender = await api.newTenant();
    await api.ask("POST", "/v1/projects", { key: spender.key, body: { name: "a" }, headers });
    const answer = await exportOf("?format=csv", spender.key);
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    const [header = "", line = "", ...rest] = answer.body.split("\r\n");
    expect(header.split(",")).toEqual(
      "number,id,organization_id,created_at,actor_type,actor_id,actor_name,on_behalf_of,action,target_type,target_id,outcome,request_id,ip,user_agent,before,after,previous_hash,hash".split(
        ",",
      ),
    );
    expect(line).toMatch(/^1,aud_/);
    expect(line).toContain(`,"'=HYPERLINK(""http://example.com"")",`);
    expect(line).toContain(',"{""name"":""a""}",');
    expect(rest).toEqual([""]);
  });

  it("has its header alone when there is no row", async () => {
    expect((await exportOf("?format=csv", api.stranger.key)).body).toMatch(/^number,id,[a-z_,]+,hash\r\n$/);
  });

  it("has its header once, however many pages it is read in", async () => {
    const { body } = await exportOf("?format=csv", long.key);
    expect(body.match(/^number,/gm)).toHaveLength(1);
    expect(body.split("\r\n")).toHaveLength(ROWS + 2);
  });
});

describe("an export", () => {
  it("has an ETag of its chain's end, filter and format, and is 304 until there is a new row", async () => {
    const own = await api.newTenant();
    const change = (name: string) => api.ask("POST", "/v1/projects", { key: own.key, body: { name } });
    await change("a");
    const etag = String((await exportOf("", own.key)).headers.etag);
    const unchanged = await exportOf("", own.key, { "if-none-match": `"other", W/${etag}` });
    expect([unchanged.statusCode, unchanged.body, unchanged.headers.etag]).toEqual([304, "", etag]);
    expect((await exportOf("?format=csv", own.key, { "if-none-match": etag })).statusCode).toBe(200);
    expect((await exportOf("?action=x", own.key, { "if-none-match": etag })).statusCode).toBe(200);
    await change("b");
    expect((await exportOf("", own.key, { "if-none-match": etag })).statusCode).toBe(200);
  });

  it("is refused to whoever does not accept its format, and in a format that there is not", async () => {
    expect((await exportOf("", tenant.key, { accept: "application/json" })).statusCode).toBe(406);
    expect((await exportOf("?format=csv", tenant.key, { accept: "text/*" })).statusCode).toBe(200);
    expect((await exportOf("?format=xml")).json().code).toBe("validation_failed");
  });
});

/** Asks over a socket and reads the first bytes and no more. */
async function startReading(key: string): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${key}` };
  const request = get({ host: "127.0.0.1", port, path: "/v1/audit_events/export", headers, agent: false });
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  await once(answer, "readable");
  return answer;
}

/** Lines of what is still to come; rejects when the transfer breaks off. */
async function readRest(answer: IncomingMessage): Promise<number> {
  let lines = 0;
  for await (const chunk of answer) {
    for (const byte of chunk as Buffer) if (byte === 10) lines += 1;
  }
  return lines;
}

/** How often a page of an export was asked for. */
function countPages(): { readonly count: () => number; readonly stop: () => void } {
  const { prototype } = (
    api.owner.pool as unknown as { Client: { prototype: { query: (...all: never[]) => unknown } } }
  ).Client;
  const spy = vi.spyOn(prototype, "query");
  const isPage = ([first]: readonly unknown[]) =>
    (first as { text?: string })?.text?.includes("order by a.number asc") === true;
  return { count: () => spy.mock.calls.filter(isPage).length, stop: () => spy.mockRestore() };
}

/** Until nothing more is read for a while: the server waits for its reader. */
async function untilHeldUp(count: () => number): Promise<number> {
  let before = -1;
  await vi.waitUntil(
    () => {
      const now = count();
      const isStill = now === before;
      before = now;
      return isStill;
    },
    { interval: 300, timeout: 20_000 },
  );
  return before;
}

describe("a long export", () => {
  it("begins before its end is read, and holds neither rows nor a transaction while its reader waits", async () => {
    const pages = countPages();
    try {
      const answer = await startReading(long.key);
      const read = await untilHeldUp(pages.count);
      expect(read).toBeGreaterThan(0);
      expect(read).toBeLessThan(ROWS / 200 / 2);
      const open = await api.owner.query(
        "select pid from pg_stat_activity where application_name = 'berth-api' and state <> 'idle' and datname = current_database()",
      );
      expect(open).toEqual([]);
      expect(await readRest(answer)).toBe(ROWS);
      expect(pages.count()).toBe(ROWS / 200);
    } finally {
      pages.stop();
    }
  });

  it("takes the same memory however long it is", async () => {
    const collect = runInNewContext("gc") as () => void;
    const heapUsed = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heapUsed();
    const answer = await startReading(long.key);
    let [bytes, most, looked] = [0, 0, 0];
    for await (const chunk of answer) {
      bytes += (chunk as Buffer).length;
      if (bytes - looked < 2_000_000) continue;
      looked = bytes;
      most = Math.max(most, heapUsed() - before);
    }
    expect(bytes).toBeGreaterThan(12_000_000);
    expect(most).toBeLessThan(3_000_000);
  });

  it("is of one end of the chain, whatever is written meanwhile", async () => {
    const answer = await startReading(long.key);
    await api.ask("POST", "/v1/projects", { key: long.key, body: { name: "late" } });
    expect(await readRest(answer)).toBe(ROWS);
    const check = checkChain({ sha256, organizationId: long.organizationId, whole: true, seen: [] });
    const lines = (await exportOf("", long.key)).body.trimEnd().split("\n");
    expect(lines.flatMap((line) => check.add(JSON.parse(line)))).toEqual([]);
    expect(check.last?.number).toBe(ROWS + 1);
  });

  it("breaks off, and does not end, when a page cannot be read", async () => {
    const answer = await startReading(long.key);
    await api.owner.query("revoke select on audit_event from berth_api");
    try {
      await expect(readRest(answer)).rejects.toThrow("aborted");
    } finally {
      await api.owner.query("grant select on audit_event to berth_api");
    }
  });

  it("breaks off when its key is revoked meanwhile", async () => {
    const key = await api.newKey(long.organizationId, ["audit:read"]);
    const answer = await startReading(key);
    await api.owner.query("update api_key set revoked_at = now() where public_id = $1", [key.slice(11, 21)]);
    // While the reader waits: the server itself ends it.
    const connections = () => new Promise((resolve) => api.app.server.getConnections((_, count) => resolve(count)));
    await vi.waitUntil(async () => (await connections()) === 0, { timeout: 20_000 });
    await expect(readRest(answer)).rejects.toThrow("aborted");
  });
});
