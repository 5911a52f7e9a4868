import type { ClusterId, KubeId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { insertCluster } from "./insert-cluster.ts";
import { type InstanceUsage, listKubeIds, recordInstanceUsage } from "./instance-usage.ts";
import { makeKube, makeTenant, newCluster, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
let kubeId: KubeId;
let clusterId: ClusterId;
let podName: string;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db, { maxClusters: 100 });
});
afterAll(() => db.close());
beforeEach(async () => {
  ({ kubeId } = await makeKube(db, tenant.organizationId));
  const cluster = await newCluster(tenant, kubeId);
  clusterId = cluster.id;
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  const [row] = await db.owner.query<{ pod: string }>(
    "select pod_name as pod from instance where cluster_id = $1 order by id limit 1",
    [clusterId],
  );
  podName = row?.pod ?? "";
});

const at = (minute: number) => new Date(Date.UTC(2026, 10, 28, 12, minute));
const usage = (over: Partial<InstanceUsage> = {}): InstanceUsage => ({
  clusterId,
  podName,
  cpuMilli: 90,
  memoryMib: 800,
  measuredAt: at(0),
  ...over,
});
const stored = () =>
  db.owner.query(
    `select used_cpu_milli as cpu, used_memory_mib as memory, used_at as at from instance
      where cluster_id = $1 and used_at is not null`,
    [clusterId],
  );

it("a newer measurement stays, whoever comes with an older one", async () => {
  expect(await listKubeIds(db.worker)).toContain(kubeId);
  expect(await recordInstanceUsage(db.worker, kubeId, [usage({ measuredAt: at(5) })])).toBe(1);
  expect(await recordInstanceUsage(db.worker, kubeId, [usage({ cpuMilli: 1 })])).toBe(0);
  expect(await recordInstanceUsage(db.worker, kubeId, [usage({ cpuMilli: 7, measuredAt: at(6) })])).toBe(1);
  expect(await stored()).toEqual([{ cpu: 7, memory: 800, at: at(6) }]);
});

it("is of an instance that the kube runs: not of another pod, another kube's cluster, or one that is removed", async () => {
  const other = await makeKube(db, tenant.organizationId);
  expect(await recordInstanceUsage(db.worker, other.kubeId, [usage()])).toBe(0);
  expect(await recordInstanceUsage(db.worker, kubeId, [usage({ podName: "somebody" })])).toBe(0);
  await db.owner.query("update instance set state = 'removed' where cluster_id = $1", [clusterId]);
  expect(await recordInstanceUsage(db.worker, kubeId, [usage()])).toBe(0);
  expect(await stored()).toEqual([]);
});
