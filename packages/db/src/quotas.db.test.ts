import type { ClusterId, KubeId } from "@berth/domain";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { insertApiKey } from "./api-keys.ts";
import { createDatabase, type Database } from "./database.ts";
import { insertCluster } from "./insert-cluster.ts";
import { lockFleetQuota, readFleetQuota, readQuota } from "./quotas.ts";
import { tenantDatabase } from "./scoped.ts";
import { makeKube, makeTenant, newCluster, planOf, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
let pool: Database;
let kubeId: KubeId;
beforeAll(async () => {
  db = await openMigratedDatabase();
  pool = createDatabase({ url: db.url, role: "berth_api", poolSize: 3, pipeline: true });
  kubeId = (await makeKube(db, (await makeTenant(db)).organizationId)).kubeId;
});
afterAll(async () => {
  await pool.close();
  await db.close();
});

async function makeCluster(tenant: Tenant, instances = 1): Promise<ClusterId> {
  const cluster = await newCluster(tenant, kubeId, { plan: planOf(instances) });
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  return cluster.id;
}
const used = async (tenant: Tenant) => {
  const { quotas, spend } = await readFleetQuota(db.owner, tenant.organizationId);
  const { clusters, instances, memoryMib, storageMib } = quotas;
  return [clusters.used, instances.used, memoryMib.used, storageMib.used, spend.usedMicroUsdPerHour];
};
/** The same from the components, as nobody who asks for a quota does it. */
const summed = async (tenant: Tenant) => {
  const [row] = await db.owner.query<{ sums: number[] }>(
    `select array[count(distinct c.id), coalesce(sum(m.instance_count), 0), coalesce(sum(m.instance_count * m.memory_mib), 0),
              coalesce(sum(m.instance_count * m.storage_mib), 0),
              coalesce(sum(m.instance_count * m.price_micro_usd_per_hour), 0)]::float8[] as sums
       from cluster c join component m on m.cluster_id = c.id where c.organization_id = $1 and c.state <> 'deleted'`,
    [tenant.organizationId],
  );
  return row?.sums;
};

describe("what an organization's clusters take", () => {
  it("is the sum over those that are not deleted, whatever happened to them and in whatever order", async () => {
    const tenant = await makeTenant(db);
    const clusters: ClusterId[] = [];
    const states = ["creating", "running", "updating", "deleting", "deleted"];
    const grow = "set instance_count = instance_count + 1, memory_mib = memory_mib + 1024,";
    const step = fc.oneof(
      fc.record({ kind: fc.constant("make" as const), instances: fc.constantFrom(1, 3) }),
      fc.record({ kind: fc.constant("turn" as const), which: fc.nat(), state: fc.constantFrom(...states) }),
      fc.record({ kind: fc.constant("grow" as const), which: fc.nat() }),
      fc.record({ kind: fc.constant("remove" as const), which: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const one of steps) {
          const id = "which" in one ? clusters[one.which % Math.max(1, clusters.length)] : undefined;
          if (one.kind === "make") clusters.push(await makeCluster(tenant, one.instances));
          else if (id === undefined) continue;
          else if (one.kind === "turn") {
            await db.owner.query("update cluster set state = $2 where id = $1", [id, one.state]);
          } else if (one.kind === "grow") {
            await sqlTransaction(db.owner, async (tx) => {
              await tx.query("update component set instance_count = instance_count + 1 where cluster_id = $1", [id]);
              await tx.query(
                `update cluster ${grow} storage_mib = storage_mib + 30720, price_micro_usd_per_hour = price_micro_usd_per_hour + 22000
                  where id = $1`,
                [id],
              );
            });
          } else {
            clusters.splice(clusters.indexOf(id), 1);
            for (const table of ["release", "instance", "component", "credential"]) {
              await db.owner.query(`delete from ${table} where cluster_id = $1`, [id]);
            }
            await db.owner.query("delete from cluster where id = $1", [id]);
          }
        }
        expect(await used(tenant)).toEqual(await summed(tenant));
      }),
      { numRuns: 15 },
    );
  });

  it("counts a cluster that is being deleted, and not one that is", async () => {
    const tenant = await makeTenant(db);
    const id = await makeCluster(tenant, 3);
    const full = await used(tenant);
    expect(full).toEqual([1, 3, 3 * 1024, 3 * 30_720, 3 * 22_000]);
    await db.owner.query("update cluster set state = 'deleting' where id = $1", [id]);
    expect(await used(tenant)).toEqual(full);
    await db.owner.query("update cluster set state = 'deleted' where id = $1", [id]);
    expect(await used(tenant)).toEqual([0, 0, 0, 0, 0]);
  });

  it("is undone with the transaction that took it", async () => {
    const tenant = await makeTenant(db);
    const cluster = await newCluster(tenant, kubeId);
    const undone = sqlTransaction(db.owner, async (tx) => {
      await insertCluster(tx, ids, cluster);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await used(tenant)).toEqual([0, 0, 0, 0, 0]);
  });

  it("is read under the lock as the one before left it", async () => {
    const tenant = await makeTenant(db);
    const clusters = await Promise.all(Array.from({ length: 8 }, () => newCluster(tenant, kubeId)));
    const counts = await Promise.all(
      clusters.map((cluster) =>
        sqlTransaction(db.owner, async (tx) => {
          const { quotas } = await lockFleetQuota(tx, tenant.organizationId);
          await insertCluster(tx, ids, cluster);
          return quotas.clusters.used;
        }),
      ),
    );
    expect(counts.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("is the same for a key that sees one of the clusters alone", async () => {
    const tenant = await makeTenant(db);
    const clusterIds = [await makeCluster(tenant), await makeCluster(tenant)].slice(0, 1);
    const limited = tenantDatabase(pool, { organizationId: tenant.organizationId, projectIds: [], clusterIds });
    expect(await limited.query("select id from cluster")).toHaveLength(1);
    expect((await readFleetQuota(limited, tenant.organizationId)).quotas.clusters.used).toBe(2);
  });

  it("can be written by no role: only counted", async () => {
    for (const role of ["api", "operator", "worker"] as const) {
      const raised = db[role].query("update organization set used_clusters = 0");
      await expect(raised).rejects.toMatchObject({ code: "42501" });
    }
  });
});

describe("keys, members and projects", () => {
  it("count while they are live", async () => {
    const tenant = await makeTenant(db, { maxApiKeys: 5, maxMembers: 6, maxProjects: 7 });
    const { organizationId } = tenant;
    const insertKey = async (over: string) => {
      const id = ids.next("apiKey");
      const publicId = id.slice(-10);
      await sqlTransaction(db.owner, (tx) =>
        insertApiKey(tx, {
          id,
          organizationId,
          publicId,
          secretHash: Buffer.alloc(32),
          name: "k",
          scopes: [],
          createdBy: "system",
        }),
      );
      await db.owner.query(`update api_key set ${over} where id = $1`, [id]);
    };
    await db.owner.query(
      `insert into member (id, organization_id, email, name, role, created_by, removed_at) values
         ('mem_1' || $1, $1, 'a@example.org', 'a', 'owner', 'system', null),
         ('mem_2' || $1, $1, 'b@example.org', 'b', 'viewer', 'system', now())`,
      [organizationId],
    );
    await db.owner.query(
      `insert into invitation (id, organization_id, email, role, token_hash, created_by, expires_at, accepted_at, revoked_at)
       select 'inv_' || n || $1, $1, 'c' || n || '@example.org', 'viewer', decode(md5(n || $1), 'hex'), 'system',
              case n when 2 then now() - interval '1 hour' else now() + interval '1 hour' end,
              case n when 3 then now() end, case n when 4 then now() end from generate_series(1, 4) n`,
      [organizationId],
    );
    await db.owner.query(
      "insert into project (id, organization_id, name, deleted_at) values ('prj_' || $1, $1, 'gone', now())",
      [organizationId],
    );
    await insertKey("expires_at = null");
    await insertKey("expires_at = now() + interval '1 hour'");
    await insertKey("expires_at = now() - interval '1 hour'");
    await insertKey("revoked_at = now()");
    await insertKey(`member_id = 'mem_2${organizationId}'`);
    const { quotas } = await readQuota(db.owner, organizationId);
    expect(quotas.apiKeys).toEqual({ limit: 5, used: 2 });
    expect(quotas.members).toEqual({ limit: 6, used: 2 });
    expect(quotas.projects).toEqual({ limit: 7, used: 1 });
  });
});
