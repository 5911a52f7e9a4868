import { type KubeId, OPERATION_STEPS } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hastenPurge, requestDeletion, updateCluster } from "./change-cluster.ts";
import { findCluster, listClusters, listInstances, lockCluster } from "./clusters.ts";
import { findCredential, insertCredential, listCredentials, requestCredentialDeletion } from "./credentials.ts";
import { ClusterNameTaken, insertCluster, type NewCluster } from "./insert-cluster.ts";
import { findOpenOperation, findOperation, insertOperation, listOperations } from "./operations.ts";
import type { PlaceInList } from "./page-by-age.ts";
import { lockFleetQuota, readFleetQuota } from "./quotas.ts";
import { sealSecret, secretKeeper } from "./secrets.ts";
import { by, envelope, makeKube, makeTenant, newCluster, planOf, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
let other: Tenant;
let kubeId: KubeId;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db, { maxClusters: 1000 });
  other = await makeTenant(db);
  kubeId = (await makeKube(db, tenant.organizationId)).kubeId;
});
afterAll(() => db.close());

const insert = (cluster: NewCluster) => sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
async function makeCluster(over: Partial<NewCluster> = {}, whose = tenant): Promise<NewCluster> {
  const cluster = await newCluster(whose, kubeId, over);
  await insert(cluster);
  return cluster;
}
const eventTypes = async (targetId: string) =>
  (await db.owner.query<{ type: string }>("select type from event where target_id = $1 order by seq", [targetId])).map(
    (row) => row.type,
  );
const audit = async (targetId: string) =>
  (
    await db.owner.query<{ action: string }>("select action from audit_event where target_id = $1 order by number", [
      targetId,
    ])
  ).map((row) => row.action);
const endOperations = (clusterId: string) =>
  db.owner.query(
    "update operation set state = 'succeeded', finished_at = now() where target_id = $1 and finished_at is null",
    [clusterId],
  );

describe("a new cluster", () => {
  it("is stored with all that belongs to it, and reads back whole", async () => {
    const cluster = await newCluster(tenant, kubeId, { name: "whole", labels: { team: "search" } });
    const inserted = await insert(cluster);
    const whole = await findCluster(db.owner, tenant.organizationId, cluster.id);
    expect(whole).toMatchObject({
      cluster: {
        id: cluster.id,
        organizationId: tenant.organizationId,
        projectId: tenant.projectId,
        name: "whole",
        region: "us-east-1",
        engine: "elasticsearch",
        labels: { team: "search" },
        generation: 1,
        observedGeneration: 0,
        state: "creating",
        health: "unknown",
        observedAt: null,
        deletedAt: null,
      },
      version: "8.19.21",
      components: [{ name: "data", roles: ["master", "data"], instanceCount: 3, memoryMib: 1024, storageMib: 30_720 }],
      operation: { kind: "cluster.create", state: "pending" },
    });
    expect(whole?.instances).toMatchObject([{ state: "pending", count: 3 }]);
    expect(whole?.operation?.id).toBe(inserted.operation.id);
    expect(await listInstances(db.owner, tenant.organizationId, cluster.id)).toMatchObject([
      { ordinal: 0, zone: "us-east-1a", podName: "data-0", name: "data", memoryMib: 1024 },
      { ordinal: 1, zone: "us-east-1b", podName: "data-1" },
      { ordinal: 2, zone: "us-east-1c", podName: "data-2" },
    ]);
    expect(await listCredentials(db.owner, tenant.organizationId, cluster.id)).toMatchObject([
      { id: cluster.credential.id, username: "admin", role: "customer_admin", hint: "abcd", state: "pending" },
    ]);
    const [row] = await db.owner.query(
      "select initial_masters, next_check_at <= now() as due from cluster where id = $1",
      [cluster.id],
    );
    expect(row).toEqual({ initial_masters: ["data-0", "data-1", "data-2"], due: true });
    expect(await secretKeeper(db.worker, envelope).get(`credential/${cluster.credential.id}`, "password")).toBe(
      "s3cret",
    );
    expect([await eventTypes(cluster.id), await audit(cluster.id)]).toEqual([
      ["cluster.create.started"],
      ["cluster.create"],
    ]);
  });

  it("leaves nothing at all when any part of it fails", async () => {
    const cluster = await newCluster(tenant, kubeId);
    const twice = { ...cluster.credential, password: (await makeCluster()).credential.password };
    await expect(insert({ ...cluster, credential: twice })).rejects.toThrow("secret_value_pkey");
    for (const table of [
      "cluster",
      "release",
      "component",
      "instance",
      "credential",
      "operation",
      "event",
      "audit_event",
    ]) {
      const column =
        table === "cluster" ? "id" : ["operation", "event", "audit_event"].includes(table) ? "target_id" : "cluster_id";
      expect(await db.owner.query(`select 1 as one from ${table} where ${column} = $1`, [cluster.id])).toEqual([]);
    }
  });

  it("may not have the name of a live cluster of its project, but of a deleted one, or in another project", async () => {
    const first = await makeCluster({ name: "taken" });
    await expect(insert(await newCluster(tenant, kubeId, { name: "taken" }))).rejects.toThrow(ClusterNameTaken);
    await makeCluster({ name: "taken" }, other);
    await db.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [first.id]);
    await makeCluster({ name: "taken" });
  });

  it("is refused to exactly one of two with the same name at the same moment", async () => {
    const twins = await Promise.all([1, 2].map(() => newCluster(tenant, kubeId, { name: "race" })));
    const answers = await Promise.allSettled(twins.map(insert));
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    expect(refused).toEqual([expect.any(ClusterNameTaken)]);
  });

  it("counts against the quota, which no number of requests at once gets past", async () => {
    const small = await makeTenant(db, { maxClusters: 3 });
    const clusters = await Promise.all(
      Array.from({ length: 10 }, () => newCluster(small, kubeId, { plan: planOf(1) })),
    );
    const answers = await Promise.all(
      clusters.map((cluster) =>
        sqlTransaction(db.owner, async (tx) => {
          const { clusters: quota } = (await lockFleetQuota(tx, small.organizationId)).quotas;
          if (quota.used >= quota.limit) return "refused";
          await insertCluster(tx, ids, cluster);
          return "stored";
        }),
      ),
    );
    expect(answers.filter((answer) => answer === "stored")).toHaveLength(3);
    const { quotas } = await readFleetQuota(db.owner, small.organizationId);
    expect(quotas).toMatchObject({ clusters: { limit: 3, used: 3 }, instances: { limit: 200, used: 3 } });
  });
});

describe("another tenant's cluster", () => {
  it("does not exist: not by id, in lists, locked, its parts or its operations", async () => {
    const cluster = await makeCluster();
    const operation = await findOpenOperation(db.owner, tenant.organizationId, cluster.id);
    const theirs = other.organizationId;
    expect(await findCluster(db.owner, theirs, cluster.id)).toBeUndefined();
    expect(await sqlTransaction(db.owner, (tx) => lockCluster(tx, theirs, cluster.id))).toBeUndefined();
    expect(await listInstances(db.owner, theirs, cluster.id)).toEqual([]);
    expect(await listCredentials(db.owner, theirs, cluster.id)).toEqual([]);
    expect(await findCredential(db.owner, theirs, cluster.id, cluster.credential.id)).toBeUndefined();
    expect(await findOpenOperation(db.owner, theirs, cluster.id)).toBeUndefined();
    expect(await findOperation(db.owner, theirs, operation?.id ?? "")).toBeUndefined();
    const operations = { organizationId: theirs, targetId: cluster.id, ...NEWEST, limit: 10 };
    expect((await listOperations(db.owner, operations)).rows).toEqual([]);
    const listed = await listClusters(db.owner, { organizationId: theirs, ...NEWEST, limit: 200 });
    expect(listed.rows.map((row) => row.cluster.id)).not.toContain(cluster.id);
    const change = { organizationId: theirs, id: cluster.id, ...by };
    await expect(
      sqlTransaction(db.owner, (tx) => requestDeletion(tx, ids, { ...change, graceMs: 0 })),
    ).rejects.toThrow();
    expect((await findCluster(db.owner, tenant.organizationId, cluster.id))?.cluster.state).toBe("creating");
  });
});

const NEWEST = { order: "descending" } as const;

describe("a list of clusters", () => {
  it("goes through all, newest first, page by page, without gaps or repeats", async () => {
    const whose = await makeTenant(db, { maxClusters: 100 });
    const made: string[] = [];
    for (let count = 0; count < 7; count++) made.push((await makeCluster({}, whose)).id);
    const seen: string[] = [];
    let beyond: PlaceInList | undefined;
    for (let more = true; more; ) {
      const page = await listClusters(db.owner, { organizationId: whose.organizationId, ...NEWEST, limit: 3, beyond });
      seen.push(...page.rows.map((row) => row.cluster.id));
      beyond = page.rows.at(-1)?.cluster;
      more = page.more;
    }
    expect(seen).toEqual([...made].reverse());
  });

  it("is narrowed by project, name, state and labels, all of which must fit", async () => {
    const whose = await makeTenant(db);
    const { organizationId, projectId } = whose;
    const [a, b] = [
      await makeCluster({ name: "a", labels: { env: "prod", team: "x" } }, whose),
      await makeCluster({ name: "b", labels: { env: "prod" } }, whose),
    ];
    await db.owner.query("update cluster set state = 'deleted', deleted_at = now() where id = $1", [
      (await makeCluster({ name: "gone" }, whose)).id,
    ]);
    const names = async (query: object) =>
      (await listClusters(db.owner, { organizationId, ...NEWEST, limit: 10, ...query })).rows
        .map((row) => row.cluster.name)
        .sort();
    expect(await names({})).toEqual(["a", "b"]);
    expect(await names({ state: "deleted" })).toEqual(["gone"]);
    expect(await names({ name: "a", projectId })).toEqual(["a"]);
    expect(await names({ labels: { env: "prod" } })).toEqual(["a", "b"]);
    expect(await names({ labels: { env: "prod", team: "x" } })).toEqual(["a"]);
    expect(await names({ projectId: "prj_other" })).toEqual([]);
    expect(await names({ region: "nowhere" })).toEqual([]);
    expect(await names({ engine: "opensearch" })).toEqual([]);
    expect([a.name, b.name]).toEqual(["a", "b"]);
  });
});

describe("a change to a cluster", () => {
  const change = (cluster: NewCluster) => ({ organizationId: tenant.organizationId, id: cluster.id, ...by });

  it("raises its generation, makes it due, and is on record", async () => {
    const cluster = await makeCluster({ labels: { a: "1" } });
    await db.owner.query("update cluster set next_check_at = now() + interval '1 hour' where id = $1", [cluster.id]);
    await sqlTransaction(db.owner, (tx) => updateCluster(tx, ids, { ...change(cluster), labels: { b: "2" } }));
    await sqlTransaction(db.owner, (tx) => updateCluster(tx, ids, { ...change(cluster), deletionProtection: true }));
    const whole = await findCluster(db.owner, tenant.organizationId, cluster.id);
    expect(whole?.cluster).toMatchObject({ generation: 3, labels: { b: "2" }, deletionProtection: true });
    const [row] = await db.owner.query("select wakes, next_check_at <= now() as due from cluster where id = $1", [
      cluster.id,
    ]);
    expect(row).toEqual({ wakes: 2, due: true });
    expect((await eventTypes(cluster.id)).slice(1)).toEqual(["cluster.updated", "cluster.updated"]);
  });

  it("lets two changes happen one after the other: the second sees what the first made", async () => {
    const cluster = await makeCluster();
    const bump = () =>
      sqlTransaction(db.owner, async (tx) => {
        const before = await lockCluster(tx, tenant.organizationId, cluster.id);
        if (before?.generation !== 1) return "precondition_failed";
        await updateCluster(tx, ids, { ...change(cluster), labels: { x: "y" } });
        return "updated";
      });
    expect((await Promise.all([bump(), bump(), bump()])).sort()).toEqual([
      "precondition_failed",
      "precondition_failed",
      "updated",
    ]);
  });

  it("is one operation at a time: of many at once one is accepted, the others are told which is in the way", async () => {
    const cluster = await makeCluster();
    await endOperations(cluster.id);
    const add = async (username: string) => {
      const id = ids.next("credential");
      const password = await sealSecret(envelope, `credential/${id}`, "password", "x", tenant.organizationId);
      const { organizationId } = tenant;
      return sqlTransaction(db.owner, async (tx) => {
        await lockCluster(tx, organizationId, cluster.id);
        const credential = { organizationId, clusterId: cluster.id, id, username, hint: "wxyz", password, ...by };
        return insertCredential(tx, ids, { ...credential, role: "customer_read" });
      });
    };
    const answers = await Promise.all(["u1", "u2", "u3"].map(add));
    const accepted = answers.filter((answer) => answer.ok);
    expect(accepted).toHaveLength(1);
    const open = await findOpenOperation(db.owner, tenant.organizationId, cluster.id);
    for (const answer of answers) {
      if (!answer.ok) expect(answer.error).toMatchObject({ kind: "operation_in_progress", operationId: open?.id });
    }
    expect(open).toMatchObject({ kind: "credential.create", targetId: cluster.id, state: "pending" });
  });

  it("cannot open a second operation past the database, whatever the code does", async () => {
    const cluster = await makeCluster();
    await expect(
      db.owner.query(
        `insert into operation (id, organization_id, kind, target_type, target_id, generation, steps, requested_by, request_id)
         values ('op_x', $1, 'cluster.delete', 'cluster', $2, 1, '[]', 'x', 'x')`,
        [tenant.organizationId, cluster.id],
      ),
    ).rejects.toMatchObject({ constraint: "operation_target_id_open_key" });
  });
});

describe("the deletion of a cluster", () => {
  const remove = (cluster: NewCluster, graceMs: number) =>
    sqlTransaction(db.owner, (tx) =>
      requestDeletion(tx, ids, { organizationId: tenant.organizationId, id: cluster.id, graceMs, ...by }),
    );

  it("cancels what runs, opens its own operation, and says when the volumes go", async () => {
    const cluster = await makeCluster();
    const creating = await findOpenOperation(db.owner, tenant.organizationId, cluster.id);
    await db.owner.query(
      `update operation set state = 'running', started_at = now(), steps = jsonb_set(steps, '{0,state}', '"succeeded"') where id = $1`,
      [creating?.id],
    );
    const operation = await remove(cluster, 3_600_000);
    expect(operation).toMatchObject({ kind: "cluster.delete", state: "pending", generation: 2 });
    expect(operation.steps.map((step) => step.name)).toEqual([...OPERATION_STEPS["cluster.delete"]]);
    const cancelled = await findOperation(db.owner, tenant.organizationId, creating?.id ?? "");
    expect(cancelled).toMatchObject({ state: "cancelled", error: { code: "cancelled" } });
    expect(cancelled?.finishedAt).toBeInstanceOf(Date);
    expect(new Set(cancelled?.steps.slice(1).map((step) => step.state))).toEqual(new Set(["skipped"]));
    expect(cancelled?.steps[0]?.state).toBe("succeeded");
    const whole = await findCluster(db.owner, tenant.organizationId, cluster.id);
    expect(whole?.cluster.state).toBe("deleting");
    expect((whole?.cluster.purgeAt?.getTime() ?? 0) - (whole?.cluster.deleteRequestedAt?.getTime() ?? 0)).toBe(
      3_600_000,
    );
    expect(await eventTypes(cluster.id)).toEqual([
      "cluster.create.started",
      "cluster.create.cancelled",
      "cluster.delete.started",
    ]);
  });

  it("is accepted once of many at the same moment", async () => {
    const cluster = await makeCluster();
    const answers = await Promise.allSettled(
      [1, 2, 3].map(() =>
        sqlTransaction(db.owner, async (tx) => {
          const row = await lockCluster(tx, tenant.organizationId, cluster.id);
          if (row?.state === "deleting") return "already";
          await requestDeletion(tx, ids, { organizationId: tenant.organizationId, id: cluster.id, graceMs: 0, ...by });
          return "accepted";
        }),
      ),
    );
    expect(answers.map((one) => one.status === "fulfilled" && one.value).sort()).toEqual([
      "accepted",
      "already",
      "already",
    ]);
  });

  it("can have its grace period ended", async () => {
    const cluster = await makeCluster();
    await remove(cluster, 3_600_000);
    const change = { organizationId: tenant.organizationId, id: cluster.id, ...by };
    await sqlTransaction(db.owner, (tx) => hastenPurge(tx, ids, change));
    await sqlTransaction(db.owner, (tx) => hastenPurge(tx, ids, change));
    const [row] = await db.owner.query("select purge_at <= now() as over from cluster where id = $1", [cluster.id]);
    expect(row).toEqual({ over: true });
    expect((await audit(cluster.id)).filter((action) => action === "cluster.purge")).toHaveLength(1);
  });
});

describe("a credential", () => {
  it("is added and removed, each by an operation of its cluster; its name is free again when it is gone", async () => {
    const { organizationId } = tenant;
    const cluster = await makeCluster();
    await endOperations(cluster.id);
    const add = async () => {
      const id = ids.next("credential");
      const password = await sealSecret(envelope, `credential/${id}`, "password", "x", organizationId);
      const credential = {
        organizationId,
        clusterId: cluster.id,
        id,
        username: "reader",
        hint: "wxyz",
        password,
        ...by,
      };
      return sqlTransaction(db.owner, (tx) => insertCredential(tx, ids, { ...credential, role: "customer_read" }));
    };
    const added = await add();
    if (!added.ok) throw new Error(added.error.kind);
    expect(added.value.credential).toMatchObject({ username: "reader", state: "pending" });
    await endOperations(cluster.id);
    expect(await add()).toEqual({ ok: false, error: { kind: "name_taken" } });
    await endOperations(cluster.id);
    const { id } = added.value.credential;
    const removed = await sqlTransaction(db.owner, (tx) =>
      requestCredentialDeletion(tx, ids, { organizationId, clusterId: cluster.id, id, ...by }),
    );
    expect(removed).toMatchObject({ ok: true, value: { credential: { state: "deleting" } } });
    expect(await eventTypes(id)).toEqual(["credential.create.started", "credential.delete.started"]);
    await db.owner.query("update credential set state = 'deleted' where id = $1", [id]);
    await endOperations(cluster.id);
    expect(await add()).toMatchObject({ ok: true });
    const listed = await listCredentials(db.owner, organizationId, cluster.id);
    expect(listed.map((one) => one.username).sort()).toEqual(["admin", "reader"]);
  });
});

describe("operations", () => {
  it("are listed newest first and narrowed by target, state and kind", async () => {
    const { organizationId } = tenant;
    const cluster = await makeCluster();
    await endOperations(cluster.id);
    const opened = await sqlTransaction(db.owner, (tx) =>
      insertOperation(tx, {
        id: ids.next("operation"),
        organizationId,
        kind: "cluster.delete",
        targetId: cluster.id,
        generation: 2,
        ...by,
      }),
    );
    const list = async (query: object) =>
      (await listOperations(db.owner, { organizationId, targetId: cluster.id, ...NEWEST, limit: 10, ...query })).rows;
    expect((await list({})).map((one) => one.kind)).toEqual(["cluster.delete", "cluster.create"]);
    expect((await list({ state: "succeeded" })).map((one) => one.kind)).toEqual(["cluster.create"]);
    expect((await list({ kind: "cluster.delete" })).map((one) => one.id)).toEqual([opened.ok && opened.value.id]);
    expect(await findOpenOperation(db.owner, organizationId, cluster.id)).toMatchObject({ kind: "cluster.delete" });
  });
});
