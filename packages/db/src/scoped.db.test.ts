import type { ClusterId, ProjectId } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "./database.ts";
import { insertCluster, type NewCluster } from "./insert-cluster.ts";
import { insertProject } from "./projects.ts";
import { type ScopedDatabase, tenantDatabase } from "./scoped.ts";
import { makeKube, makeTenant, newCluster, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

/** Row-level security alone: no statement here has a WHERE. */

let db: OpenTestDatabase;
let pool: Database;
let ours: Tenant;
let theirs: Tenant;
let mine: NewCluster;
let other: NewCluster;

const TENANT_TABLES = {
  organization: "id",
  project: "organization_id",
  cluster: "organization_id",
  release: "organization_id",
  component: "organization_id",
  instance: "organization_id",
  credential: "organization_id",
  operation: "organization_id",
  event: "organization_id",
  audit_event: "organization_id",
} as const;

const as = (tenant: Tenant, limits: { projectIds?: ProjectId[]; clusterIds?: ClusterId[] } = {}): ScopedDatabase =>
  tenantDatabase(pool, { organizationId: tenant.organizationId, projectIds: [], clusterIds: [], ...limits });

beforeAll(async () => {
  db = await openMigratedDatabase();
  pool = createDatabase({ url: db.url, role: "berth_api", poolSize: 3, pipeline: true });
  [ours, theirs] = [await makeTenant(db), await makeTenant(db)];
  const { kubeId } = await makeKube(db, ours.organizationId);
  mine = await newCluster(ours, kubeId);
  other = await newCluster(theirs, kubeId);
  for (const cluster of [mine, other]) await as(cluster).transaction((tx) => insertCluster(tx, ids, cluster));
});
afterAll(async () => {
  await pool.close();
  await db.close();
});

describe("a tenant's statements", () => {
  it.each(Object.entries(TENANT_TABLES))("see of %s the tenant's rows alone", async (table, column) => {
    const owners = await as(ours).query<{ owner: string }>(`select distinct ${column} as owner from ${table}`);
    expect(owners).toEqual([{ owner: ours.organizationId }]);
  });

  it.each(Object.keys(TENANT_TABLES))("see nothing of %s when no tenant is set", async (table) => {
    expect(await pool.query(`select 1 as one from ${table}`)).toEqual([]);
  });

  it("change nothing of another's, and store nothing for another", async () => {
    const changed = await as(ours).transaction((tx) =>
      tx.query("update cluster set deletion_protection = true where id = $1 returning id", [other.id]),
    );
    expect(changed).toEqual([]);
    const stored = as(ours).transaction((tx) =>
      insertProject(tx, { id: ids.next("project"), organizationId: theirs.organizationId, name: "planted" }),
    );
    await expect(stored).rejects.toMatchObject({ code: "42501" });
  });

  it("leave no tenant behind on a connection, after a read, a transaction, or a failure", async () => {
    const tenant = () => pool.query("select coalesce(current_setting('berth.organization_id', true), '') as tenant");
    await as(ours).query("select 1 as one");
    await as(ours).transaction((tx) => tx.query("select 1 as one"));
    await expect(as(ours).query("select 1 / 0")).rejects.toMatchObject({ code: "22012" });
    await expect(as(ours).transaction((tx) => tx.query("select 1 / 0"))).rejects.toMatchObject({ code: "22012" });
    const seen = await Promise.all(Array.from({ length: 12 }, tenant));
    expect(new Set(seen.flat().map((row) => (row as { tenant: string }).tenant))).toEqual(new Set([""]));
  });

  it("of two tenants at once stay apart on few connections", async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const tenant = index % 2 === 0 ? ours : theirs;
        const rows = await as(tenant).query<{ id: string }>("select organization_id as id from cluster");
        return rows.every((row) => row.id === tenant.organizationId) && rows.length === 1;
      }),
    );
    expect(answers.every(Boolean)).toBe(true);
  });

  it("that read cannot write", async () => {
    await expect(as(ours).query("update project set name = 'x' returning id")).rejects.toMatchObject({ code: "25006" });
  });
});

describe("a key that is limited", () => {
  let second: NewCluster;
  let projectId: ProjectId;
  beforeAll(async () => {
    projectId = ids.next("project");
    await sqlTransaction(db.owner, (tx) =>
      insertProject(tx, { id: projectId, organizationId: ours.organizationId, name: "second" }),
    );
    second = await newCluster({ organizationId: ours.organizationId, projectId }, mine.kubeId);
    await as(ours).transaction((tx) => insertCluster(tx, ids, second));
  });
  const tables = ["cluster", "release", "component", "instance", "credential", "operation", "event"];

  it.each(tables)("to a project sees of %s what is of its clusters", async (table) => {
    const limited = as(ours, { projectIds: [projectId] });
    const all = await as(ours).query(`select 1 as one from ${table}`);
    const seen = await limited.query(`select 1 as one from ${table}`);
    expect(seen).toHaveLength(all.length / 2);
    expect(await limited.query("select id from cluster")).toEqual([{ id: second.id }]);
  });

  it.each(tables)("to a cluster sees of %s what is of that one", async (table) => {
    const all = await as(ours).query(`select 1 as one from ${table}`);
    expect(await as(ours, { clusterIds: [mine.id] }).query(`select 1 as one from ${table}`)).toHaveLength(
      all.length / 2,
    );
  });

  it("to another tenant's project or cluster sees nothing", async () => {
    const limited = as(ours, { projectIds: [theirs.projectId], clusterIds: [other.id] });
    expect(await limited.query("select id from cluster")).toEqual([]);
  });

  it("makes clusters in its projects and in no other", async () => {
    const limited = as(ours, { projectIds: [projectId] });
    const inside = await newCluster({ organizationId: ours.organizationId, projectId }, mine.kubeId);
    const outside = await newCluster(ours, mine.kubeId);
    await limited.transaction((tx) => insertCluster(tx, ids, inside));
    await expect(limited.transaction((tx) => insertCluster(tx, ids, outside))).rejects.toMatchObject({ code: "42501" });
  });
});
