import type { ClusterId, InstanceId, KubeId, MachineId, PoolId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { insertCluster } from "../insert-cluster.ts";
import { findKubeCapacities } from "../kubes.ts";
import { acquireLease } from "../leases.ts";
import { updatePool } from "../pools.ts";
import { secretKeeper } from "../secrets.ts";
import { by, envelope, makeKube, makeTenant, newCluster, planOf, type Tenant } from "../testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { sqlTransaction, transaction } from "../transaction.ts";
import { machineStore } from "./machines.ts";
import { placementStore } from "./placement.ts";
import type { HeldLease, MachineStore, PlacementStore } from "./types.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
let placement: PlacementStore;
let machines: MachineStore;
let kubeId: KubeId;
let poolId: PoolId;
let lease: HeldLease;
let clusterId: ClusterId;
let instanceId: InstanceId;
let regions = 0;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db, { maxClusters: 100 });
  placement = placementStore(db.worker.pool);
  machines = machineStore(db.worker.pool, secretKeeper(db.worker, envelope));
});
afterAll(() => db.close());
beforeEach(async () => {
  const region = `eu-${++regions}`;
  ({ kubeId, poolId } = await makeKube(db, tenant.organizationId, region));
  const held = await acquireLease(db.worker, `kube/${kubeId}`, "test", 60_000);
  if (held === undefined) throw new Error("nobody else holds it");
  lease = held;
  const cluster = await newCluster(tenant, kubeId, { plan: planOf(1, region) });
  clusterId = cluster.id;
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  const [row] = await db.owner.query<{ id: InstanceId }>("select id from instance where cluster_id = $1", [clusterId]);
  if (row === undefined) throw new Error("a cluster has instances");
  instanceId = row.id;
});

const estimate = { cpuMilli: 1600, memoryMib: 6400, volumes: 30, pods: 16 };
const larger = { ...estimate, memoryMib: 14_000 };

/** The instance is sent to a new machine, which is launched unless told otherwise. */
async function sendToNewMachine(launched = true): Promise<MachineId> {
  const machineId = ids.next("machine");
  const zone = `eu-${regions}a`;
  await placement.recordPlan(
    lease,
    kubeId,
    [
      {
        id: machineId,
        poolId,
        nodeName: machineId,
        zone,
        machineType: "m7i.large",
        priceMicroUsdPerHour: 1,
        allocatable: estimate,
        alternatives: [{ machineType: "m7i.xlarge", zone, allocatable: larger }],
      },
    ],
    [
      {
        id: ids.next("decision"),
        organizationId: tenant.organizationId,
        clusterId,
        instanceId,
        podUid: machineId,
        outcome: "waiting_for_machine",
        nodeName: machineId,
        machineId,
        candidates: [],
        considered: 0,
        refusals: [],
        reasons: [],
      },
    ],
  );
  if (launched) await db.owner.query("update machine set launched_at = now() where id = $1", [machineId]);
  return machineId;
}

async function openAttempt(id: MachineId, attempt: number, machineType: string): Promise<void> {
  const { imageId } = (await machines.find(id))?.pool ?? { imageId: "" };
  const zone = `eu-${regions}a`;
  await machines.openAttempt(lease, id, {
    id: ids.next("launch"),
    attempt,
    machineType,
    zone,
    bootstrapTokenId: "abcdef",
    bootstrapToken: "abcdef.0123456789abcdef",
    maxPods: 22,
    userData: "",
    request: { clientToken: `${id}/${attempt}`.slice(-64), machineType, zone, imageId, tags: {}, rootVolumeGib: 50 },
  });
}

describe("fruitless launches", () => {
  const count = async () => (await placement.findFruitlessLaunches(kubeId, [instanceId]))[0]?.launches ?? 0;
  const verdict = (word: "bound" | "refused") => placement.recordVerdicts(lease, [{ instanceId, verdict: word }]);

  it("are machines that EC2 gave for an instance, until it is bound anywhere", async () => {
    expect(await count()).toBe(0);
    await sendToNewMachine(false);
    expect(await count()).toBe(0);
    await sendToNewMachine();
    await verdict("refused");
    await sendToNewMachine();
    expect(await count()).toBe(2);
    await verdict("bound");
    expect(await count()).toBe(0);
    await sendToNewMachine();
    expect(await count()).toBe(1);
  });

  it("count anew when an operator changes a pool of the kube", async () => {
    await sendToNewMachine();
    expect(await count()).toBe(1);
    const { organizationId } = tenant;
    await transaction(db.owner, (tx) => updatePool(tx, ids, { id: poolId, organizationId, maxMachines: 9, ...by }));
    expect(await count()).toBe(0);
  });
});

describe("observed allocatable", () => {
  const observed = async () => (await placement.findKube(kubeId))?.observed;
  const see = async (memoryMib: number) => {
    const id = await sendToNewMachine();
    await openAttempt(id, 1, "m7i.large");
    const left = { cpuMilli: 1700, memoryMib: memoryMib + 500 };
    await machines.recordAllocatable(lease, id, left, { cpuMilli: 1600, memoryMib });
    expect((await machines.find(id))?.allocatable).toEqual({ ...estimate, ...left });
  };

  it("is the least that was seen of a pool's machine type, for placement and previews alike", async () => {
    expect(await observed()).toEqual([]);
    await see(6000);
    await see(5900);
    await see(6100);
    const least = { poolId, machineType: "m7i.large", cpuMilli: 1600, memoryMib: 5900 };
    expect(await observed()).toEqual([least]);
    const [capacity] = await findKubeCapacities(db.operator, `eu-${regions}`);
    expect(capacity?.observed).toEqual([least]);
  });

  it("is replaced when nothing has shown it for a week, and kept by what shows it again", async () => {
    await see(5900);
    await db.owner.query("update observed_allocatable set seen_at = now() - interval '6 days'");
    await see(5900);
    await db.owner.query("update observed_allocatable set seen_at = seen_at - interval '6 days'");
    await see(6000);
    expect(await observed()).toMatchObject([{ memoryMib: 5900 }]);
    await db.owner.query("update observed_allocatable set seen_at = seen_at - interval '2 days'");
    await see(6000);
    expect(await observed()).toMatchObject([{ memoryMib: 6000 }]);
  });

  it("does not count in a pool that launches another image or another number of pods", async () => {
    await see(5900);
    await db.owner.query("update pool set image_id = 'ami-2' where id = $1", [poolId]);
    expect(await observed()).toEqual([]);
    await see(6200);
    expect(await observed()).toMatchObject([{ memoryMib: 6200 }]);
    await db.owner.query("update pool set instances_per_machine = 8 where id = $1", [poolId]);
    expect(await observed()).toEqual([]);
  });

  it("is drawn from no node of which nothing is typical", async () => {
    const id = await sendToNewMachine();
    await openAttempt(id, 1, "m7i.large");
    await machines.recordAllocatable(lease, id, { cpuMilli: 1, memoryMib: 1 }, undefined);
    expect(await observed()).toEqual([]);
  });
});

it("lets a machine that becomes another type offer what that type does", async () => {
  const id = await sendToNewMachine(false);
  await openAttempt(id, 1, "m7i.large");
  expect((await machines.find(id))?.allocatable).toEqual(estimate);
  await openAttempt(id, 2, "m7i.xlarge");
  expect(await machines.find(id)).toMatchObject({ allocatable: larger, alternatives: [] });
});
