import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDatabase } from "./database.ts";
import { MigrationFailed, migrate, migrationStatus } from "./migrate.ts";
import { MigrationRefused, PRISMA_FOLDER } from "./migrations.ts";
import { createTestDatabase, type TestDatabase } from "./testing/migrated-database.ts";

let database: TestDatabase;
let prismaFolder: string;
beforeEach(async () => {
  database = await createTestDatabase();
  prismaFolder = mkdtempSync(join(tmpdir(), "berth-prisma-"));
  cpSync(join(PRISMA_FOLDER, "roles.sql"), join(prismaFolder, "roles.sql"));
  write("20260101000000_first", "create table one (id int); insert into one values (1);");
});
afterEach(async () => {
  rmSync(prismaFolder, { recursive: true });
  await database.drop();
});

function write(name: string, sql: string): void {
  mkdirSync(join(prismaFolder, "migrations", name), { recursive: true });
  writeFileSync(join(prismaFolder, "migrations", name, "migration.sql"), sql);
}
const run = () => migrate({ url: database.url, prismaFolder });
async function rows(sql: string): Promise<object[]> {
  const db = createDatabase({ url: database.url, role: "berth_migrator" });
  try {
    return await db.query(sql);
  } finally {
    await db.close();
  }
}

describe("migrate", () => {
  it("applies what is missing, in order of names, and nothing twice", async () => {
    write("20260102000000_second", "insert into one values (2);");
    expect(await run()).toEqual({ applied: ["20260101000000_first", "20260102000000_second"] });
    expect(await run()).toEqual({ applied: [] });
    write("20260103000000_third", "insert into one values (3);");
    expect(await run()).toEqual({ applied: ["20260103000000_third"] });
    expect(await rows("select id from one order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it("applies each migration once when several start together", async () => {
    const answers = await Promise.all([run(), run(), run()]);
    expect(answers.flatMap((answer) => answer.applied)).toEqual(["20260101000000_first"]);
    expect(await rows("select id from one")).toHaveLength(1);
  });

  it("writes Prisma's table as Prisma does: SHA-256 of the file, one finished step", async () => {
    await run();
    expect(
      await rows(
        "select migration_name, checksum, applied_steps_count, logs, rolled_back_at, finished_at is not null as finished from _prisma_migrations",
      ),
    ).toEqual([
      {
        migration_name: "20260101000000_first",
        checksum: "0f4a5da4ef603a37cbb96e3efb46938168d0aa3281411b00c217379f94a43a01",
        applied_steps_count: 1,
        logs: null,
        rolled_back_at: null,
        finished: true,
      },
    ]);
  });

  it("keeps function bodies with semicolons whole", async () => {
    write(
      "20260102000000_function",
      "create function f() returns int language plpgsql as $$ begin perform 1; return 7; end $$; -- a; comment",
    );
    await run();
    expect(await rows("select f()")).toEqual([{ f: 7 }]);
  });

  it("makes tables that berth_migrator owns, whoever ran it", async () => {
    await run();
    expect(await rows("select tableowner from pg_tables where tablename = 'one'")).toEqual([
      { tableowner: "berth_migrator" },
    ]);
  });

  it("refuses a file that was changed after it was applied, and says what to do", async () => {
    await run();
    write("20260101000000_first", "create table one (id bigint);");
    await expect(run()).rejects.toThrow(MigrationRefused);
    await expect(run()).rejects.toThrow(/20260101000000_first was changed after it was applied: put the file back/);
  });

  it("refuses a database that a newer version has migrated, before anything is changed", async () => {
    write("20260105000000_newer", "create table newer ();");
    await run();
    rmSync(join(prismaFolder, "migrations/20260105000000_newer"), { recursive: true });
    write("20260106000000_ours", "create table ours ();");
    await expect(run()).rejects.toThrow(/20260105000000_newer was applied, but is not in the folder: a newer version/);
    expect(await rows("select to_regclass('ours') as ours")).toEqual([{ ours: null }]);
  });

  it("refuses a migration that is older than the last applied one", async () => {
    await run();
    write("20250101000000_late", "select 1;");
    await expect(run()).rejects.toThrow(/20250101000000_late is older than 20260101000000_first/);
  });

  it("refuses after another tool's migration failed half-way", async () => {
    await run();
    await rows(
      "insert into _prisma_migrations (id, checksum, migration_name, logs) values ('x', 'y', '20260102000000_broken', 'no room')",
    );
    await expect(run()).rejects.toThrow(/20260102000000_broken failed half-way under another tool \(no room\)/);
  });

  it("rolls a failing migration back as a whole, keeps those before it, and names the line", async () => {
    write("20260102000000_broken", "create table half (id int);\n\ninsert into nowhere values (1);\n");
    await expect(run()).rejects.toThrow(MigrationFailed);
    await expect(run()).rejects.toThrow(/20260102000000_broken failed .*"nowhere" does not exist \(line 3\)/);
    expect(await rows("select to_regclass('half') as half, to_regclass('one')::text as one")).toEqual([
      { half: null, one: "one" },
    ]);
  });

  it("tells in its status what is applied, what is not, and what does not fit, and changes nothing", async () => {
    const status = () => migrationStatus({ url: database.url, prismaFolder });
    expect(await status()).toEqual({ applied: [], pending: ["20260101000000_first"], faults: [] });
    await run();
    write("20260102000000_second", "select 1;");
    expect(await status()).toMatchObject({
      applied: [{ name: "20260101000000_first" }],
      pending: ["20260102000000_second"],
      faults: [],
    });
    write("20260101000000_first", "select 2;");
    expect((await status()).faults).toHaveLength(1);
  });

  it("runs for a login that is no superuser, when the roles are there and it is a member of berth_migrator", async () => {
    await run();
    write("20260102000000_second", "create table two ();");
    const login = `deploy_${database.name}`;
    const admin = createDatabase({ url: database.url });
    await admin.query(`create role ${login} login in role berth_migrator`);
    try {
      const url = new URL(database.url);
      url.username = login;
      expect(await migrate({ url: url.href, prismaFolder })).toEqual({ applied: ["20260102000000_second"] });
    } finally {
      await admin.query(`drop owned by ${login}`).catch(() => {});
      await admin.query(`drop role ${login}`);
      await admin.close();
    }
  });
});
