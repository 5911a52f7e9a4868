import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createDatabase, type Database, migrate } from "@berth/db";
import { permissionsOfRole } from "@berth/domain";
import { createLogger, systemClock, systemIds } from "@berth/runtime";
import { createDatabase as createTestDatabase, type TestDatabase } from "@berth/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Assembly, assembleApi } from "../assemble-api.ts";
import { makeApiKey } from "../http/api-key.ts";
import { makeAnotherOwnerKey } from "./make-another-owner-key.ts";

const COMMAND = fileURLToPath(new URL("../first-organization.ts", import.meta.url));

let database: TestDatabase;
let owner: Database;
let api: Assembly;
const pepper = randomBytes(32);
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  owner = createDatabase({ url: database.url });
  api = await assembleApi({
    databaseUrl: database.url,
    pepper,
    key: randomBytes(32),
    volumeGraceMs: 0,
    poolSize: 2,
    simulated: true,
    logger: createLogger({ name: "api", level: "silent" }),
  });
});
afterAll(async () => {
  await api.close();
  await owner.close();
  await database.drop();
});

const run = (...words: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { ...process.env, DATABASE_URL: database.url, BERTH_PEPPER: pepper.toString("base64") };
    execFile(process.execPath, ["--import", "tsx", COMMAND, ...words], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
/** The same without a process of its own. */
const again = async (email: string) => {
  const key = makeApiKey(pepper);
  const made = await makeAnotherOwnerKey({ databaseUrl: database.url, email, key }, systemIds, systemClock.now());
  return { key: key.text, made };
};
const permissionsOf = async (key: string) =>
  (await api.app.inject({ url: "/v1/me", headers: { authorization: `Bearer ${key.trim()}` } })).json().permissions;
const everything = [...permissionsOfRole("platform", "owner")];

it("the first owner's key is printed once and opens everything; a second run, and one at the same time, is refused", async () => {
  const { made } = await again("ops@example.com");
  expect(made).toMatchObject({ ok: false, error: expect.stringContaining("leave out --again") });
  const runs = await Promise.all([run("Ops@Example.com", "Operators"), run("ops@example.com")]);
  expect(runs.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(runs.find(({ code }) => code === 1)).toMatchObject({ out: "", err: expect.stringContaining("already") });
  expect((await run("nobody")).code).toBe(1);
  expect((await run("--again", "ops@example.com", "Operators")).code).toBe(2);

  expect(await permissionsOf(runs.find(({ code }) => code === 0)?.out ?? "")).toEqual(everything);
  expect(await owner.query("select email, role from member")).toEqual([{ email: "ops@example.com", role: "owner" }]);
  expect(await owner.query("select action from audit_event")).toEqual([{ action: "organization.create" }]);
}, 120_000);

it("--again makes another owner's key, of the owner with that address or of a new one, and says so in the audit log", async () => {
  const known = await run("--again", " OPS@example.com");
  const other = await again("second@example.com");
  expect([known.code, other.made.ok]).toEqual([0, true]);
  for (const key of [known.out, other.key]) expect(await permissionsOf(key)).toEqual(everything);
  const people = await owner.query(
    "select email, role, (select count(*)::int from api_key k where k.member_id = m.id) as keys from member m order by id",
  );
  expect(people).toEqual([
    { email: "ops@example.com", role: "owner", keys: 2 },
    { email: "second@example.com", role: "owner", keys: 1 },
  ]);
  const rows = await owner.query<{ content: string }>("select content from audit_event order by number offset 1");
  expect(rows.map(({ content }) => JSON.parse(content))).toMatchObject([
    {
      action: "organization.recover",
      actor: { type: "system" },
      changes: { after: { email: "ops@example.com", is_new_owner: false } },
    },
    { action: "organization.recover", actor: { type: "system" }, changes: { after: { is_new_owner: true } } },
  ]);
}, 120_000);

it("--again gives nobody a role: an address of somebody who is no owner is refused", async () => {
  await owner.query("update member set role = 'finance' where email = 'second@example.com'");
  const { made } = await again("second@example.com");
  expect(made).toMatchObject({ ok: false, error: expect.stringContaining("finance") });
});
