import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, checkChain, type OrganizationId } from "@berth/domain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findAuditHead, listAudit } from "./audit.ts";
import { createDatabase, type Database } from "./database.ts";
import { migrate } from "./migrate.ts";
import { PRISMA_FOLDER } from "./migrations.ts";
import { createTestDatabase, type TestDatabase } from "./testing/migrated-database.ts";

/** Rows that were written before there were chains. */

const CHAIN_MIGRATION = "20261128060000_audit_chain";
const folder = mkdtempSync(join(tmpdir(), "berth-prisma-"));
let test: TestDatabase;
let db: Database;

beforeAll(async () => {
  test = await createTestDatabase();
  db = createDatabase({ url: test.url });
  cpSync(PRISMA_FOLDER, folder, { recursive: true });
  for (const name of readdirSync(join(folder, "migrations"))) {
    if (name >= CHAIN_MIGRATION && name !== "migration_lock.toml")
      rmSync(join(folder, "migrations", name), { recursive: true });
  }
  await migrate({ url: test.url, prismaFolder: folder });
});
afterAll(async () => {
  await db.close();
  await test.drop();
  rmSync(folder, { recursive: true });
});

it("rows that were there before are chained in their order, as if they had been written so", async () => {
  await db.query("insert into organization (id, name) values ('org_a', 'a'), ('org_b', 'b'), ('org_none', 'none')");
  const data = {
    name: 'ü "x" \\ \n',
    spec: { components: [{ storageMib: 30720, zones: ["b", "a"] }] },
    é: 0.5,
    B: null,
  };
  for (let n = 0; n < 6; n++) {
    // Two clocks that differ: a later row with an earlier time.
    await db.query(
      `insert into audit_event (id, organization_id, actor, action, target_type, target_id, request_id, data, created_at)
       values ($1, $2, $3, 'cluster.create', 'cluster', $4, 'req', $5::jsonb, '2026-11-02T09:30:00.123Z'::timestamptz - $6::int * interval '1 second')`,
      [
        `aud_${n}`,
        n % 2 === 0 ? "org_a" : "org_b",
        n === 0 ? "system" : "key_1",
        `cl_${n}`,
        JSON.stringify(n < 2 ? {} : data),
        n,
      ],
    );
  }
  await migrate({ url: test.url });

  const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
  for (const organizationId of ["org_a", "org_b"] as OrganizationId[]) {
    const { rows } = await listAudit(db, { organizationId, order: "ascending", limit: 100 });
    const head = await findAuditHead(db, organizationId);
    const seen = [{ organization_id: organizationId, number: Number(head.number), hash: head.hash }];
    const check = checkChain({ sha256, organizationId, whole: true, seen });
    for (const { content, hash } of rows) {
      expect(content).toBe(canonicalJson(JSON.parse(content)));
      expect(check.add({ ...JSON.parse(content), hash })).toEqual([]);
    }
    expect(check.end()).toEqual([]);
    expect(rows).toHaveLength(3);
  }
  const { rows } = await listAudit(db, { organizationId: "org_a" as OrganizationId, order: "ascending", limit: 100 });
  expect(rows.map(({ content }) => JSON.parse(content))).toMatchObject([
    { id: "aud_0", actor: { type: "system", id: "system" }, changes: { before: null, after: null } },
    {
      id: "aud_2",
      actor: { type: "api_key", id: "key_1" },
      changes: { after: data },
      created_at: "2026-11-02T09:30:00.123Z",
    },
    { id: "aud_4", target: { type: "cluster", id: "cl_4" }, created_at: "2026-11-02T09:30:00.123Z" },
  ]);
  expect(await findAuditHead(db, "org_none" as OrganizationId)).toEqual({ number: 0n, hash: "0".repeat(64) });
});
