import { createHash } from "node:crypto";
import type { KubeId, PoolId } from "@berth/domain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { insertCluster } from "../insert-cluster.ts";
import { findKubeCapacities } from "../kubes.ts";
import { acquireLease } from "../leases.ts";
import { listResidents } from "../machines.ts";
import { makeKube, makeTenant, newCluster, planOf } from "../testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { sqlTransaction } from "../transaction.ts";
import { clusterStore } from "./clusters.ts";
import { placementStore } from "./placement.ts";
import type { HeldLease } from "./types.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

const RACK = {
  nodeName: "rack-1",
  machineType: "unknown",
  priceMicroUsdPerHour: 0,
  allocatable: { cpuMilli: 1000, memoryMib: 4000, volumes: 10, pods: 16 },
  alternatives: [],
};

async function leaseOf(kubeId: KubeId): Promise<HeldLease> {
  const lease = await acquireLease(db.worker, `kube/${kubeId}`, "w", 60_000);
  if (lease === undefined) throw new Error("nobody else holds it");
  return lease;
}

/** A kube whose operator brought the node `rack-1`, with a cluster of one instance placed on it. */
async function kubeWithRack(region: string) {
  const tenant = await makeTenant(db);
  const { kubeId, poolId } = await makeKube(db, tenant.organizationId, region);
  await db.owner.query("update kube set is_static = true where id = $1", [kubeId]);
  const cluster = await newCluster(tenant, kubeId, { plan: planOf(1, region) });
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  const store = placementStore(db.worker.pool);
  const lease = await leaseOf(kubeId);
  const zone = `${region}a`;
  await store.recordBrought(lease, kubeId, [{ ...RACK, id: ids.next("machine"), poolId: poolId as PoolId, zone }]);
  const found = await store.findKube(kubeId);
  const [instance, machine] = [found?.instances[0], found?.machines[0]];
  if (instance === undefined || machine === undefined) throw new Error("it has one instance and one machine");
  const decision = {
    id: ids.next("decision"),
    organizationId: tenant.organizationId,
    clusterId: cluster.id,
    instanceId: instance.instanceId,
    podUid: "uid",
    outcome: "placed",
    nodeName: RACK.nodeName,
    machineId: undefined,
    candidates: [],
    considered: 0,
    refusals: [],
    reasons: [],
  } as const;
  await store.recordPlan(lease, kubeId, [], [decision]);
  return { kubeId, clusterId: cluster.id, instanceId: instance.instanceId, machineId: machine.machineId };
}

it("keeps nodes of one name in two kubes apart: each has its machine, its instances and its state", async () => {
  const [one, two] = [await kubeWithRack("eu-8"), await kubeWithRack("eu-9")];
  expect(one.machineId).not.toBe(two.machineId);
  await db.owner.query("update machine set state = 'draining' where id = $1", [two.machineId]);

  const placed = await db.owner.query("select id, machine_id from instance where node_name = 'rack-1'");
  expect(new Set(placed)).toEqual(
    new Set([one, two].map((each) => ({ id: each.instanceId, machine_id: each.machineId }))),
  );

  const residents = await listResidents(db.operator, [one.machineId, two.machineId]);
  expect(new Map(residents.map(({ id, machineId }) => [id, machineId]))).toEqual(
    new Map([one, two].map((each) => [each.instanceId, each.machineId])),
  );

  const clusters = clusterStore(db.worker.pool, ids);
  for (const [each, state] of [
    [one, "ready"],
    [two, "draining"],
  ] as const) {
    const found = await clusters.find(each.clusterId);
    expect(found?.instances).toMatchObject([{ id: each.instanceId, machineState: state }]);
    const [capacity] = await findKubeCapacities(db.operator, each === one ? "eu-8" : "eu-9");
    // Capacity names nobody: an instance is its digest there.
    const instanceId = createHash("md5").update(each.instanceId).digest("hex");
    expect(capacity?.machines).toMatchObject([{ machineId: each.machineId, instances: [{ instanceId }] }]);
  }
});
