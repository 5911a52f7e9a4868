import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditEvent, headText } from "@berth/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { type FakeAnswer, type FakeRequest, problem, startFakeApi } from "../../test-support/fake-api.ts";
import { run } from "../../test-support/run.ts";

const ORGANIZATION = "org_01jd0v6m3pf8tb2k7n5xq4w9ze";
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

type Row = Omit<AuditEvent, "changes"> & { readonly changes: { readonly before: null; readonly after: object } };

/** A row's hash: all of its names are ASCII, so sorting them is enough of RFC 8785. */
function hashOf({ hash: _, ...rest }: object & { hash?: string }): string {
  return sha256(JSON.stringify(sorted(rest)));
}
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

function chainOf(length: number, action = "cluster.create"): Row[] {
  const chain: Row[] = [];
  for (let number = 1; number <= length; number++) {
    const row = {
      id: `aud_${number}`,
      organization_id: ORGANIZATION,
      number,
      created_at: new Date(1.8e12 + number).toISOString(),
      actor: { type: "api_key" as const, id: "key_1", name: "ci" },
      on_behalf_of: null,
      action,
      target: { type: "cluster", id: "cl_1" },
      request_id: `req_${number}`,
      ip: "203.0.113.9",
      user_agent: null,
      outcome: "succeeded" as const,
      changes: { before: null, after: { n: number } },
      previous_hash: chain.at(-1)?.hash ?? "0".repeat(64),
    };
    chain.push({ ...row, hash: hashOf(row) });
  }
  return chain;
}

const jsonLines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

let keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
function headOf(rows: readonly Row[]) {
  const last = rows.at(-1);
  const head = {
    organization_id: ORGANIZATION,
    number: last?.number ?? 0,
    hash: last?.hash ?? "0".repeat(64),
    signed_at: "2026-11-28T09:00:00.000Z",
  };
  return {
    ...head,
    public_key: keys.publicKey.export({ format: "jwk" }).x,
    signature: sign(null, Buffer.from(headText(head)), keys.privateKey).toString("base64url"),
  };
}

let api: Awaited<ReturnType<typeof startFakeApi>>;
let folder: string;
/** What the API has, and what it says is the end. */
let rows: Row[];
let head: object;
/** Breaks the transfer off after so many bytes. */
let cutAt: number | undefined;

beforeEach(async () => {
  keys = generateKeyPairSync("ed25519");
  folder = mkdtempSync(join(tmpdir(), "berth-audit-"));
  [rows, cutAt] = [chainOf(20), undefined];
  head = headOf(rows);
  api = await startFakeApi(answer);
});
afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

function answer({ path }: FakeRequest): FakeAnswer {
  if (path === "/v1/audit_events/head") return { body: head };
  if (path === "/v1/audit_events" || path === "/v1/admin/audit_events")
    return { body: { data: rows.slice(0, 2), next_page_token: null } };
  if (path === "/v1/audit_events/aud_1") return { body: rows[0] };
  if (path !== "/v1/audit_events/export") return problem(404, "not_found");
  return (response) => {
    response.writeHead(200, { "content-type": "application/jsonl" });
    const bytes = Buffer.from(jsonLines(rows));
    if (cutAt === undefined) return void response.end(bytes);
    response.write(bytes.subarray(0, cutAt));
    setImmediate(() => response.destroy());
  };
}

const berth = (...words: string[]) =>
  run(words, { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "berth_live_x", XDG_CONFIG_HOME: folder } });
const verify = async (...words: string[]) => {
  const { code, out, err } = await berth("audit", "verify", "-o", "json", ...words);
  return { code, err, ...JSON.parse(out === "" ? "{}" : out) };
};
const told = (faults: readonly { number: number; kind: string }[]) =>
  faults.map(({ number, kind }) => `${number} ${kind}`);
/** Everything from this row on as it would be, had the row been another. */
function rewrite(index: number): void {
  for (let at = index; at < rows.length; at++) {
    const row = { ...(rows[at] as Row), previous_hash: rows[at - 1]?.hash ?? "0".repeat(64) };
    rows[at] = { ...row, hash: hashOf(row) };
  }
}

describe("berth audit verify", () => {
  test("says how many rows there are and how they end, and remembers the end, which nobody else can read", async () => {
    const { code, out, err } = await berth("audit", "verify");
    expect({ code, err }).toEqual({ code: EXIT_CODES.ok, err: "" });
    expect(out).toMatch(/Rows: +20\nHead: +20 [0-9a-f]{64}\n/);
    expect(out).toMatch(/Remembered: +nothing yet\nFaults: +none\n/);
    const path = join(folder, "berth", "audit-heads.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ [ORGANIZATION]: head });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await verify()).remembered).toMatchObject({ number: 20 });
  });

  test("finds what was changed, a fault a line, ends with 9 and does not remember that end", async () => {
    rows[6] = { ...(rows[6] as Row), action: "cluster.nothing" };
    rows.splice(11, 1);
    const { code, out, err } = await berth("audit", "verify");
    expect(code).toBe(EXIT_CODES.auditFaulty);
    expect(out).toMatch(/^7 +wrong_hash +Its content was changed/);
    expect(out).toMatch(/\n13 +wrong_number /);
    expect(out).toMatch(/Faults: +2\n/);
    expect(err).toContain("is not as it was written");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("finds by the remembered end that the log was cut off, and that it was written anew, though every hash fits", async () => {
    await verify();
    const whole = rows;
    rows = whole.slice(0, 15);
    head = headOf(rows);
    expect(told((await verify()).faults)).toEqual(["16 missing"]);
    rows = [...whole];
    rows[3] = { ...(rows[3] as Row), action: "cluster.nothing" };
    rewrite(3);
    head = headOf(rows);
    const rewritten = await verify();
    expect([rewritten.code, told(rewritten.faults)]).toEqual([EXIT_CODES.auditFaulty, ["20 not_as_seen"]]);
    rows = chainOf(25);
    head = headOf(rows);
    expect(await verify()).toMatchObject({ code: EXIT_CODES.ok, rows: 25, remembered: { number: 20 } });
  });

  test("finds that the signed end is not there, is not signed, or by another key than before", async () => {
    head = headOf(chainOf(22));
    expect(told((await verify()).faults)).toEqual(["21 missing"]);
    head = { ...headOf(rows), signed_at: "2026-11-28T10:00:00.000Z" };
    expect(told((await verify()).faults)).toEqual(["20 wrong_signature"]);
    head = headOf(rows);
    expect((await verify()).faults).toEqual([]);
    keys = generateKeyPairSync("ed25519");
    head = headOf(rows);
    expect(told((await verify()).faults)).toEqual(["20 another_key"]);
  });

  test("takes a transfer that broke off for no answer, not for a short log", async () => {
    cutAt = 2000;
    const { code, err, faults } = await verify();
    expect([code, faults]).toEqual([EXIT_CODES.failure, undefined]);
    expect(err).toContain("broke off");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("says so when the end cannot be remembered, and refuses a file that does not hold what it remembered", async () => {
    const heads = join(folder, "heads.json");
    expect((await verify("--heads", "/proc/heads.json")).err).toContain("the head is not remembered");
    expect((await verify("--heads", heads)).code).toBe(EXIT_CODES.ok);
    writeFileSync(heads, "{");
    const { code, err } = await verify("--heads", heads);
    expect(code).toBe(EXIT_CODES.failure);
    expect(err).toContain("does not hold remembered heads");
  });

  test("checks an export: as a whole, against the remembered end, and, said so, as a part", async () => {
    const file = join(folder, "export.jsonl");
    const check = async (lines: readonly unknown[], ...words: string[]) => {
      writeFileSync(file, jsonLines(lines));
      const { code, faults, rows: count } = await verify("--file", file, ...words);
      return { code, count, faults: told(faults ?? []) };
    };
    expect(await check(rows)).toEqual({ code: EXIT_CODES.ok, count: 20, faults: [] });
    expect(await check(rows.slice(5))).toMatchObject({ code: EXIT_CODES.auditFaulty, faults: ["6 wrong_number"] });
    expect(await check(rows.slice(5), "--part")).toMatchObject({ code: EXIT_CODES.ok, count: 15 });
    expect((await check([{}, ...rows.slice(1)])).faults).toEqual(["1 unreadable", "2 wrong_number"]);
    expect((await check([{ ...rows[0], ip: null }, ...rows.slice(1)])).faults).toEqual(["1 wrong_hash"]);
    await verify();
    expect((await check(rows.slice(0, 10))).faults).toEqual(["11 missing"]);
    expect((await check(rows.slice(0, 10), "--part")).faults).toEqual([]);
    expect((await check(chainOf(20, "other"), "--part")).faults).toEqual(["20 not_as_seen"]);
    expect((await check([])).code).toBe(EXIT_CODES.usage);
    expect((await verify("--file", join(folder, "none"))).code).toBe(EXIT_CODES.usage);
  });
});

describe("berth audit export", () => {
  test("writes what comes to stdout as it is, or to a file that appears when it is whole", async () => {
    const { code, out } = await berth("audit", "export");
    expect([code, out]).toEqual([EXIT_CODES.ok, jsonLines(rows)]);
    const file = join(folder, "audit.jsonl");
    const written = await berth("audit", "export", "--file", file);
    expect(written).toEqual({ code: EXIT_CODES.ok, out: "", err: `20 rows in ${file}\n` });
    expect(readFileSync(file, "utf8")).toBe(jsonLines(rows));
    cutAt = 2000;
    const cut = await berth("audit", "export", "--file", file);
    expect(cut.code).toBe(EXIT_CODES.failure);
    expect(cut.err).toContain("it is not whole");
    expect(readFileSync(file, "utf8")).toBe(jsonLines(rows));
    expect(readdirSync(folder)).toEqual(["audit.jsonl"]);
  });

  test("asks for what the options say, and for the format", async () => {
    await berth("audit", "export", "--format", "csv", "--actor", "key_1", "--target", "cl_1", "--since", "2026-11-28");
    const { query, headers } = api.requests.at(-1) ?? {};
    expect(Object.fromEntries(query ?? [])).toEqual({
      format: "csv",
      actor: "key_1",
      target_id: "cl_1",
      created_after: "2026-11-28T00:00:00.000Z",
    });
    expect(headers?.accept).toContain("text/csv");
  });
});

test("berth audit list and get show rows as the API gives them, and as lines for people", async () => {
  const list = await berth("audit", "list", "--action", "cluster.create", "--until", "2027-01-01");
  expect(list.out).toMatch(/^TIME +ACTION +ACTOR +TARGET +FROM\n2027-\S+ +cluster.create +ci +cl_1 +203.0.113.9\n/);
  expect(api.requests.at(-1)?.query.get("created_before")).toBe("2027-01-01T00:00:00.000Z");
  expect(JSON.parse((await berth("audit", "get", "aud_1", "-o", "json")).out)).toEqual(rows[0]);
  expect((await berth("audit", "get", "aud_1")).out).toContain(`After:           {"n":1}\n`);
  expect((await berth("audit", "get", "aud_2")).code).toBe(EXIT_CODES.notFound);
  const all = await berth("admin", "audit", "list", "--organization", ORGANIZATION);
  expect(all.out).toMatch(/^TIME +ORGANIZATION +ACTION /);
  expect(api.requests.at(-1)?.query.get("organization_id")).toBe(ORGANIZATION);
});
