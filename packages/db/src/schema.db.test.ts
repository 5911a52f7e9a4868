import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  CLUSTER_HEALTHS,
  CLUSTER_STATES,
  COMMITMENT_KINDS,
  COMMITMENT_SOURCES,
  ENGINES,
  INSTANCE_STATES,
  LEFT_OUT_REASONS,
  MACHINE_STATES,
  OFFERING_CLASSES,
  OPERATION_KINDS,
  OPERATION_STATES,
  PACKING_STUDY_KINDS,
  PACKING_STUDY_STATES,
  PAYMENT_OPTIONS,
  PRICE_BOOK_KINDS,
  REBALANCE_MODES,
  REBALANCE_MOVE_STATES,
  REBALANCE_PLAN_STATES,
  RESERVATION_PLAN_STATES,
  RESERVATION_PURCHASE_STATES,
  RESERVATION_PURCHASES,
  TERMS,
} from "@berth/domain";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "./database.ts";
import { PRISMA_FOLDER } from "./migrations.ts";
import { createTestDatabase, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

/** Node has it; its types come with the browser's, which this project does not load. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: Uint8Array): Promise<object>;
    instantiate(compiled: object, imports: object): Promise<{ readonly exports: Record<string, unknown> }>;
  };
};

/** Prisma's schema engine in WebAssembly, told to write the SQL that makes prisma/schema from nothing. */
async function sqlOfSchema(url: string): Promise<string> {
  const file = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const engineModule = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const compiled = await WebAssembly.compile(readFileSync(file.replace(/\.js$/, ".wasm")));
  const instance = await WebAssembly.instantiate(compiled, { "./schema_engine_bg.js": { ...engineModule } });
  engineModule.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const folder = join(PRISMA_FOLDER, "schema");
  const files = readdirSync(folder).map((path) => ({ path, content: readFileSync(join(folder, path), "utf8") }));
  const engine = await engineModule.SchemaEngine.new(
    { datamodels: files.map((one) => [one.path, one.content] as [string, string]) },
    () => {},
    bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url })),
  );
  const { stdout } = await engine.diff({
    from: { tag: "empty" },
    to: { tag: "schemaDatamodel", files },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  engine.free();
  return stdout ?? "";
}

const shapeOf = async (database: Database) => ({
  columns: await database.query(
    `select table_name, column_name, data_type, udt_name, datetime_precision, column_default
       from information_schema.columns where table_schema = 'public' and table_name not like '\\_%' order by 1, 2`,
  ),
  keys: await database.query(
    `select conrelid::regclass::text as table, pg_get_constraintdef(oid) as definition from pg_constraint
      where connamespace = 'public'::regnamespace and contype in ('p', 'f') and conrelid::regclass::text not like '\\_%' order by 1, 2`,
  ),
  indexes: await database.query(
    `select indexdef from pg_indexes where schemaname = 'public' and indexdef not like '% WHERE %' and tablename not like '\\_%' order by 1`,
  ),
});

describe("the migrations", () => {
  it("make the tables, keys and plain indexes that prisma/schema describes", async () => {
    const test = await createTestDatabase();
    const plain = createDatabase({ url: test.url });
    try {
      await plain.pool.query(await sqlOfSchema(test.url));
      expect(await shapeOf(db.owner)).toEqual(await shapeOf(plain));
    } finally {
      await plain.close();
      await test.drop();
    }
  });

  it("allow exactly the words that the domain has", async () => {
    const lists: Record<string, readonly string[]> = {
      cluster_state_check: CLUSTER_STATES,
      cluster_health_check: CLUSTER_HEALTHS,
      cluster_engine_check: ENGINES,
      instance_state_check: INSTANCE_STATES,
      machine_state_check: MACHINE_STATES,
      operation_state_check: OPERATION_STATES,
      operation_kind_check: OPERATION_KINDS,
      pool_rebalance_mode_check: REBALANCE_MODES,
      pool_reservation_purchases_check: RESERVATION_PURCHASES,
      rebalance_plan_state_check: REBALANCE_PLAN_STATES,
      rebalance_move_state_check: REBALANCE_MOVE_STATES,
      packing_study_kind_check: PACKING_STUDY_KINDS,
      packing_study_state_check: PACKING_STUDY_STATES,
      price_book_kind_check: PRICE_BOOK_KINDS,
      reservation_plan_state_check: RESERVATION_PLAN_STATES,
      reservation_purchase_state_check: RESERVATION_PURCHASE_STATES,
      commitment_kind_check: COMMITMENT_KINDS,
      commitment_term_check: Object.keys(TERMS),
      commitment_payment_option_check: PAYMENT_OPTIONS,
      commitment_offering_class_check: OFFERING_CLASSES,
      commitment_source_check: COMMITMENT_SOURCES,
      left_out_purchase_because_check: LEFT_OUT_REASONS,
    };
    for (const [name, words] of Object.entries(lists)) {
      const [row] = await db.owner.query<{ definition: string }>(
        "select pg_get_constraintdef(oid) as definition from pg_constraint where conname = $1",
        [name],
      );
      const allowed = [...(row?.definition ?? "").matchAll(/'([a-z0-9_.]+)'::text/g)].map((match) => match[1]);
      expect([name, ...allowed].sort()).toEqual([name, ...words].sort());
    }
  });

  it("let no row of a tenant's table be without its organization", async () => {
    const nullable = await db.owner.query(
      `select table_name from information_schema.columns
        where table_schema = 'public' and column_name = 'organization_id' and is_nullable = 'YES'`,
    );
    // A kube's kubeconfig and a launch's user data belong to no tenant.
    expect(nullable).toEqual([{ table_name: "secret_value" }]);
  });
});

describe("the roles", () => {
  const denied = (sql: string) => [
    { who: "api" as const, sql },
    { who: "worker" as const, sql },
  ];
  const CASES: { who: "api" | "operator" | "worker"; sql: string }[] = [
    ...denied("update audit_event set content = 'x'"),
    ...denied("delete from audit_event"),
    ...denied("update event set type = 'x'"),
    ...denied("delete from event"),
    ...denied("truncate audit_event"),
    ...denied("drop table cluster"),
    ...denied("create table mine ()"),
    ...denied("delete from cluster"),
    ...denied("select secret_hash from api_key"),
    { who: "operator", sql: "select secret_hash from api_key" },
    { who: "operator", sql: "select * from secret_value" },
    { who: "operator", sql: "select * from credential" },
    { who: "operator", sql: "update cluster set state = 'deleted'" },
    { who: "operator", sql: "update audit_event set content = 'x'" },
    { who: "operator", sql: "delete from event" },
    { who: "api", sql: "select * from machine" },
    { who: "api", sql: "select * from placement_decision" },
    { who: "api", sql: "select api_server_url from kube" },
    { who: "api", sql: "insert into kube (id) values ('x')" },
    { who: "api", sql: "insert into organization (id, name) values ('x', 'x')" },
    { who: "api", sql: "select * from lease" },
    { who: "api", sql: "select * from secret_value" },
    { who: "api", sql: "update secret_value set name = 'x'" },
    { who: "api", sql: "select request from launch" },
    { who: "api", sql: "select bootstrap_token_id from launch" },
    { who: "api", sql: "insert into machine (id) values ('x')" },
    { who: "api", sql: "update machine set state = 'ready'" },
    { who: "api", sql: "update cluster set organization_id = 'org_other'" },
    { who: "api", sql: "update cluster set engine_uuid = 'x'" },
    { who: "api", sql: "update release set spec = '{}'" },
    { who: "api", sql: "update instance set state = 'running'" },
    { who: "api", sql: "update organization set max_clusters = 1000000" },
    { who: "worker", sql: "select * from api_key" },
    { who: "worker", sql: "select ciphertext from idempotency_record" },
    { who: "worker", sql: "select * from berth_find_api_key('x')" },
    { who: "worker", sql: "update release set spec = '{}'" },
    { who: "worker", sql: "insert into cluster (id) values ('x')" },
    { who: "worker", sql: "insert into operation (id) values ('x')" },
    { who: "worker", sql: "update organization set max_clusters = 1" },
  ];

  it.each(CASES)("the $who may not: $sql", async ({ who, sql }) => {
    await expect(db[who].query(sql)).rejects.toMatchObject({ code: "42501" });
  });

  it("are none of them above row-level security", async () => {
    const above = await db.owner.query(
      "select rolname from pg_roles where rolname like 'berth\\_%' and (rolbypassrls or rolsuper or rolcanlogin)",
    );
    expect(above).toEqual([]);
  });

  it("are held to the tenant's rows in every table that has an organization", async () => {
    const open = await db.owner.query(
      `select distinct c.table_name from information_schema.columns c
        where c.table_schema = 'public' and (c.column_name = 'organization_id' or c.table_name = 'organization')
          and not exists (select 1 from pg_class r where r.oid = c.table_name::regclass and r.relrowsecurity)`,
    );
    expect(open).toEqual([]);
  });

  it("are taken on by the connection, for SQL and Prisma alike", async () => {
    expect(await db.api.query("select current_user::text as who")).toEqual([{ who: "berth_api" }]);
    expect(await db.worker.prisma.$queryRawUnsafe("select current_user::text as who")).toEqual([
      { who: "berth_worker" },
    ]);
  });
});
