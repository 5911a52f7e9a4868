import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createDatabase, migrate } from "@berth/db";
import { permissionsOfRole } from "@berth/domain";
import { createLogger } from "@berth/runtime";
import { createDatabase as createTestDatabase } from "@berth/testing";
import { expect, it } from "vitest";
import { assembleApi } from "../assemble-api.ts";

const COMMAND = fileURLToPath(new URL("../first-organization.ts", import.meta.url));

it("the first owner's key is printed once and opens everything; a second run, and one at the same time, is refused", async () => {
  const database = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  const pepper = randomBytes(32);
  const env = { ...process.env, DATABASE_URL: database.url, BERTH_PEPPER: pepper.toString("base64") };
  const run = (...words: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(process.execPath, ["--import", "tsx", COMMAND, ...words], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  const runs = await Promise.all([run("Ops@Example.com", "Operators"), run("ops@example.com")]);
  expect(runs.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(runs.find(({ code }) => code === 1)).toMatchObject({ out: "", err: expect.stringContaining("already") });
  expect((await run("nobody")).code).toBe(1);
  expect((await run()).code).toBe(2);

  const key = runs.find(({ code }) => code === 0)?.out.trim();
  const api = await assembleApi({
    databaseUrl: database.url,
    pepper,
    key: randomBytes(32),
    volumeGraceMs: 0,
    poolSize: 2,
    simulated: true,
    logger: createLogger({ name: "api", level: "silent" }),
  });
  const me = await api.app.inject({ url: "/v1/me", headers: { authorization: `Bearer ${key}` } });
  expect(me.json().permissions).toEqual([...permissionsOfRole("platform", "owner")]);
  await api.close();
  const owner = createDatabase({ url: database.url });
  expect(await owner.query("select email, role from member")).toEqual([{ email: "ops@example.com", role: "owner" }]);
  expect(await owner.query("select action from audit_event")).toEqual([{ action: "organization.create" }]);
  await owner.close();
  await database.drop();
}, 120_000);
