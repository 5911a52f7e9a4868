import type { ClusterId, InstanceId, KubeId, MachineId, PoolId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { insertCluster } from "../insert-cluster.ts";
import { findKubeCapacities } from "../kubes.ts";
import { acquireLease } from "../leases.ts";
import { importOfferings } from "../offerings.ts";
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

async function openAttempt(id: MachineId, attempt: number, machineType: string) {
  const { imageId } = (await machines.find(id))?.pool ?? { imageId: "" };
  const zone = `eu-${regions}a`;
  return machines.openAttempt(lease, id, {
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

describe("a pool's spend cap", () => {
  const { cpuMilli, memoryMib } = estimate;
  const cap = (microUsd: number | null) =>
    transaction(db.operator, (tx) =>
      updatePool(tx, ids, {
        id: poolId,
        organizationId: tenant.organizationId,
        spendCapMicroUsdPerHour: microUsd,
        ...by,
      }),
    );
  const planned = (prices: readonly number[]) =>
    prices.map((priceMicroUsdPerHour) => {
      const id = ids.next("machine");
      const zone = `eu-${regions}a`;
      const facts = { zone, machineType: "m7i.large", allocatable: { cpuMilli, memoryMib, volumes: 30, pods: 16 } };
      return { id, poolId, nodeName: id, priceMicroUsdPerHour, alternatives: [], ...facts };
    });
  const plan = (prices: readonly number[], store = placement, held = lease) =>
    store.recordPlan(held, kubeId, planned(prices), []);
  const spent = async () => {
    const [row] = await db.owner.query<{ sum: number }>(
      `select coalesce(sum(price_micro_usd_per_hour), 0)::int as sum from machine
        where pool_id = $1 and state not in ('terminated', 'failed')`,
      [poolId],
    );
    return row?.sum;
  };
  const end = (state: string) => db.owner.query("update machine set state = $2 where pool_id = $1", [poolId, state]);

  it("takes machines up to it, and stores nothing of a plan that would overshoot it", async () => {
    await cap(300_000);
    expect(await plan([100_000, 100_000])).toEqual({ ok: true, value: true });
    expect(await plan([50_000, 60_000])).toEqual({
      ok: false,
      error: { kind: "spend_cap", poolId, capMicroUsdPerHour: 300_000, spendMicroUsdPerHour: 310_000 },
    });
    expect(await spent()).toBe(200_000);
    expect(await plan([100_000])).toMatchObject({ ok: true });
    await cap(null);
    expect(await plan([900_000])).toMatchObject({ ok: true });
  });

  it("counts a machine that is being ended until it is gone", async () => {
    await cap(100_000);
    await plan([100_000]);
    await end("terminating");
    expect(await plan([1])).toMatchObject({ ok: false });
    await end("terminated");
    expect(await plan([100_000])).toMatchObject({ ok: true });
  });

  it("is not overshot by two that launch at the same moment, whichever comes first", async () => {
    await cap(150_000);
    // Holds the pool while both have written their machine and wait for their turn to count.
    const gate = await db.owner.pool.connect();
    try {
      await gate.query("begin");
      await gate.query("select 1 from pool where id = $1 for no key update", [poolId]);
      const both = Promise.all([plan([100_000]), plan([100_000], placementStore(db.worker.pool))]);
      await waitForBlocked(2);
      await gate.query("commit");
      expect((await both).map(({ ok }) => ok).sort()).toEqual([false, true]);
    } finally {
      gate.release();
    }
    expect(await spent()).toBe(100_000);
  });

  it("holds a machine back from an alternative that costs more than is left, and keeps it as it was", async () => {
    const region = `eu-${regions}`;
    await importOfferings(db.worker, [
      {
        region,
        zone: `${region}a`,
        machineType: "m7i.xlarge",
        priceMicroUsdPerHour: 201_600,
        vcpu: 4,
        memoryMib: 16_384,
        ebsVolumeLimit: 32,
        ebsVolumeLimitType: "dedicated",
        architecture: "x86_64",
      },
    ]);
    await cap(200_000);
    const id = await sendToNewMachine(false);
    expect(await openAttempt(id, 1, "m7i.large")).toMatchObject({ ok: true });
    expect(await openAttempt(id, 2, "m7i.xlarge")).toMatchObject({
      ok: false,
      error: { spendMicroUsdPerHour: 201_600 },
    });
    expect(await machines.find(id)).toMatchObject({ attempt: 1, machineType: "m7i.large", alternatives: [{}] });
    await cap(201_600);
    expect(await openAttempt(id, 2, "m7i.xlarge")).toMatchObject({ ok: true });
    expect(await spent()).toBe(201_600);
  });

  /** Until so many transactions wait for a lock of this database. */
  async function waitForBlocked(count: number): Promise<void> {
    for (;;) {
      const rows = await db.owner.query(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (rows.length >= count) return;
    }
  }
});
