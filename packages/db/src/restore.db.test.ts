import { type ClusterId, type KubeId, OPERATION_STEPS } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hastenPurge, requestDeletion, requestRestore } from "./change-cluster.ts";
import { findCluster, lockCluster } from "./clusters.ts";
import { createDatabase, type Database } from "./database.ts";
import { insertCluster } from "./insert-cluster.ts";
import { acquireLease } from "./leases.ts";
import { clusterStore } from "./loops/clusters.ts";
import type { ClusterStatus, HeldLease } from "./loops/types.ts";
import { findOpenOperation } from "./operations.ts";
import { tenantDatabase } from "./scoped.ts";
import { by, makeKube, makeTenant, newCluster, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

const HOUR_MS = 3_600_000;

let db: OpenTestDatabase;
let pool: Database;
let tenant: Tenant;
let kubeId: KubeId;
let lease: HeldLease;
beforeAll(async () => {
  db = await openMigratedDatabase();
  pool = createDatabase({ url: db.url, role: "berth_api", poolSize: 5, pipeline: true });
  tenant = await makeTenant(db, { maxClusters: 100, maxInstances: 1000 });
  kubeId = (await makeKube(db, tenant.organizationId)).kubeId;
  const held = await acquireLease(db.worker, "cluster/any", "test", HOUR_MS);
  if (held === undefined) throw new Error("nobody else wants it");
  lease = held;
});
afterAll(async () => {
  await pool.close();
  await db.close();
});

const store = () => clusterStore(db.worker.pool, ids);
const change = (id: ClusterId) => ({ organizationId: tenant.organizationId, id, ...by });
/** As the API does it, with the rights that it has. */
const restore = (id: ClusterId) =>
  tenantDatabase(pool, { organizationId: tenant.organizationId, projectIds: [], clusterIds: [] }).transaction(
    async (tx) => {
      await lockCluster(tx, tenant.organizationId, id);
      return requestRestore(tx, ids, change(id));
    },
  );
const clusterOf = async (id: ClusterId) => (await findCluster(db.owner, tenant.organizationId, id))?.cluster;

/** One in its grace period, its deletion's operation ended. */
async function aStoppedCluster(graceMs = HOUR_MS): Promise<ClusterId> {
  const cluster = await newCluster(tenant, kubeId);
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  await sqlTransaction(db.owner, (tx) => requestDeletion(tx, ids, { ...change(cluster.id), graceMs }));
  await db.owner.query(
    "update operation set state = 'succeeded', finished_at = now() where target_id = $1 and finished_at is null",
    [cluster.id],
  );
  return cluster.id;
}

/** What the worker says of a cluster as it read it. */
async function statusOf(id: ClusterId, over: Partial<ClusterStatus> = {}): Promise<ClusterStatus> {
  const record = await store().find(id);
  if (record === undefined) throw new Error(`${id} is missing`);
  const { generation, wakes, state, health } = record;
  return {
    state,
    health,
    wakes,
    observedGeneration: generation,
    waitingFor: [],
    lastFailure: undefined,
    failures: 0,
    nextCheckAt: undefined,
    instances: [],
    operation: undefined,
    ...over,
  };
}

describe("the restore of a cluster", () => {
  it("clears the deletion, opens its operation, makes it due, and is on record", async () => {
    const id = await aStoppedCluster();
    const before = await clusterOf(id);
    const operation = await restore(id);
    expect(operation).toMatchObject({ ok: true, value: { kind: "cluster.restore", state: "pending", generation: 3 } });
    expect(operation.ok && operation.value.steps.map(({ name }) => name)).toEqual([
      ...OPERATION_STEPS["cluster.restore"],
    ]);
    expect(await clusterOf(id)).toMatchObject({
      state: "updating",
      generation: 3,
      deleteRequestedAt: null,
      purgeAt: null,
      deletedAt: null,
    });
    const [row] = await db.owner.query("select next_check_at <= now() as due from cluster where id = $1", [id]);
    expect(row).toEqual({ due: true });
    const events = await db.owner.query<{ type: string }>("select type from event where target_id = $1 order by seq", [
      id,
    ]);
    expect(events.at(-1)).toEqual({ type: "cluster.restore.started" });
    const [audit] = await db.owner.query<{ content: string }>(
      "select content from audit_event where target_id = $1 order by number desc limit 1",
      [id],
    );
    expect(JSON.parse(audit?.content ?? "")).toMatchObject({
      action: "cluster.restore",
      outcome: "accepted",
      changes: { before: { purge_at: before?.purgeAt?.toISOString() }, after: { purge_at: null } },
    });
  });

  it("is accepted once of many at the same moment", async () => {
    const id = await aStoppedCluster();
    const answers = await Promise.all([1, 2, 3].map(() => restore(id)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it("is refused while the deletion runs, which goes on", async () => {
    const cluster = await newCluster(tenant, kubeId);
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    const { id } = cluster;
    const deletion = await sqlTransaction(db.owner, (tx) =>
      requestDeletion(tx, ids, { ...change(id), graceMs: HOUR_MS }),
    );
    const refused = sqlTransaction(db.owner, async (tx) => {
      const answer = await requestRestore(tx, ids, change(id));
      if (!answer.ok) throw Object.assign(new Error("refused"), { refusal: answer.error });
    });
    await expect(refused).rejects.toMatchObject({
      refusal: { kind: "operation_in_progress", operationId: deletion.id, operationKind: "cluster.delete" },
    });
    expect(await clusterOf(id)).toMatchObject({ state: "deleting", generation: 2 });
    expect(await findOpenOperation(db.owner, tenant.organizationId, id)).toMatchObject({ id: deletion.id });
  });

  it("is refused once the grace period is over, by its end or by a purge", async () => {
    const over = await aStoppedCluster(0);
    expect(await restore(over)).toEqual({ ok: false, error: { kind: "purge_begun" } });
    const hastened = await aStoppedCluster();
    await sqlTransaction(db.owner, (tx) => hastenPurge(tx, ids, change(hastened)));
    expect(await restore(hastened)).toEqual({ ok: false, error: { kind: "purge_begun" } });
    expect(await clusterOf(hastened)).toMatchObject({ state: "deleting" });
  });
});

describe("the start of a purge", () => {
  const started = async (id: ClusterId) => (await store().find(id))?.purgeStarted;

  it("is on record once the grace period is over by the database's clock, and not before", async () => {
    const id = await aStoppedCluster();
    await store().recordPurgeStarted(lease, id);
    expect(await started(id)).toBe(false);
    await db.owner.query("update cluster set purge_at = now() where id = $1", [id]);
    await store().recordPurgeStarted(lease, id);
    expect(await started(id)).toBe(true);
  });

  it("keeps every restore out, also by a clock that went back, and whatever the code does", async () => {
    const id = await aStoppedCluster();
    await db.owner.query("update cluster set purge_started_at = now() where id = $1", [id]);
    expect(await restore(id)).toEqual({ ok: false, error: { kind: "purge_begun" } });
    await expect(db.owner.query("update cluster set purge_at = null where id = $1", [id])).rejects.toMatchObject({
      constraint: "cluster_purge_check",
    });
  });

  it("comes to nothing when a restore was first", async () => {
    const id = await aStoppedCluster();
    expect((await restore(id)).ok).toBe(true);
    await store().recordPurgeStarted(lease, id);
    expect(await started(id)).toBe(false);
  });

  it("of many that meet a restore at the end of the grace period: one of both wins, never both", async () => {
    const clusters = await Promise.all([...Array.from({ length: 10 }, (_, n) => n * 15), HOUR_MS].map(aStoppedCluster));
    const ends = await Promise.all(
      clusters.map(async (id) => {
        let restored = false;
        const restoring = restore(id).then(({ ok }) => {
          restored = ok;
        });
        do await store().recordPurgeStarted(lease, id);
        while (!restored && !(await started(id)));
        await restoring;
        return { restored, started: await started(id) };
      }),
    );
    for (const end of ends) expect(end.started).toBe(!end.restored);
    expect(new Set(ends.map(({ restored }) => restored)).size).toBe(2);
  });
});

describe("what a worker records of a cluster that it read before the restore", () => {
  it("leaves the restored state, and nothing ends by it", async () => {
    const id = await aStoppedCluster();
    const stale = await statusOf(id);
    await restore(id);
    await store().recordStatus(lease, id, stale);
    expect(await clusterOf(id)).toMatchObject({ state: "updating", purgeAt: null });
    const [row] = await db.owner.query("select next_check_at <= now() as due from cluster where id = $1", [id]);
    expect(row).toEqual({ due: true });
    await store().recordDeleted(lease, id);
    expect(await clusterOf(id)).toMatchObject({ state: "updating", deletedAt: null });
  });

  it("leaves an accepted deletion as it is, too", async () => {
    const cluster = await newCluster(tenant, kubeId);
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    const stale = await statusOf(cluster.id, { state: "running", health: "green" });
    await sqlTransaction(db.owner, (tx) => requestDeletion(tx, ids, { ...change(cluster.id), graceMs: HOUR_MS }));
    await store().recordStatus(lease, cluster.id, stale);
    expect(await clusterOf(cluster.id)).toMatchObject({ state: "deleting", observedGeneration: 1 });
  });
});

it("an instance that was removed has no place any more, and keeps its volume", async () => {
  const id = await aStoppedCluster();
  await db.owner.query(
    "update instance set node_name = 'mac-1', machine_id = 'mac_1', volume_name = 'pvc-1' where cluster_id = $1",
    [id],
  );
  const instances = (await store().find(id))?.instances ?? [];
  const gone = {
    state: "removed",
    volumeName: undefined,
    podAddress: undefined,
    nodeName: undefined,
    restarts: 0,
  } as const;
  await store().recordStatus(
    lease,
    id,
    await statusOf(id, { instances: instances.map((one) => ({ id: one.id, ...gone })) }),
  );
  const rows = await db.owner.query(
    "select distinct state, node_name as node, machine_id as machine, volume_name as volume from instance where cluster_id = $1",
    [id],
  );
  expect(rows).toEqual([{ state: "removed", node: null, machine: null, volume: "pvc-1" }]);
});
