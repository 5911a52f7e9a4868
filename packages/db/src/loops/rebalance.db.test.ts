import type { ClusterId, InstanceId, KubeId, PoolId, RebalancePlanId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findDue } from "../due.ts";
import { insertCluster } from "../insert-cluster.ts";
import { acquireLease } from "../leases.ts";
import {
  changeRebalancePlan,
  forgetOldRebalancePlans,
  lockRebalancePlan,
  requestRebalance,
} from "../rebalance-plans.ts";
import { by, makeKube, makeTenant, newCluster, type Tenant } from "../testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { sqlTransaction } from "../transaction.ts";
import { LeaseLost } from "./fenced.ts";
import { rebalanceStore } from "./rebalance.ts";
import type { NewRebalancePlan } from "./rebalance-types.ts";
import type { HeldLease } from "./types.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
let kubeId: KubeId;
let poolId: PoolId;
let clusterId: ClusterId;
let instanceIds: InstanceId[];
let lease: HeldLease;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db, { maxClusters: 100 });
});
afterAll(() => db.close());
beforeEach(async () => {
  ({ kubeId, poolId } = await makeKube(db, tenant.organizationId));
  const cluster = await newCluster(tenant, kubeId);
  clusterId = cluster.id;
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  const rows = await db.owner.query<{ id: InstanceId }>("select id from instance where cluster_id = $1 order by id", [
    clusterId,
  ]);
  instanceIds = rows.map(({ id }) => id);
  const held = await acquireLease(db.worker, `rebalance/${kubeId}`, "test", 60_000);
  if (held === undefined) throw new Error("nobody else holds it");
  lease = held;
});

const store = () => rebalanceStore(db.worker.pool, ids);
const plan = (over: Partial<NewRebalancePlan> = {}): NewRebalancePlan => ({
  id: ids.next("rebalancePlan"),
  poolId,
  automatic: false,
  savingMicroUsdPerHour: 100_800,
  costMicroUsd: 120_000,
  disruptedMinutes: 2,
  launches: 0,
  removals: 1,
  hours: 1,
  plan: { steps: ["one"], actions: [], held: [] },
  moves: [{ step: 0, instanceId: instanceIds[0] as InstanceId, clusterId, fromNode: "n1", toNode: "n2" }],
  waitingFor: [],
  ...over,
});
const propose = (over: Partial<NewRebalancePlan> = {}) => store().propose(lease, kubeId, plan(over));
const stateOf = async (id: RebalancePlanId) => {
  const [row] = await db.owner.query<{ state: string; reason: string | null }>(
    "select state, reason from rebalance_plan where id = $1",
    [id],
  );
  return row;
};
const act = (id: RebalancePlanId, name: "approve" | "cancel", state: "approved" | "cancelled") =>
  sqlTransaction(db.operator, async (tx) => {
    const before = await lockRebalancePlan(tx, id);
    if (before === undefined) throw new Error("no plan");
    await changeRebalancePlan(tx, ids, {
      before,
      act: name,
      state,
      organizationId: tenant.organizationId,
      ...by,
    });
  });
const another = { plan: { steps: ["another"], actions: [], held: [] } };

describe("the rebalance loop's rows", () => {
  it("a kube has its row from the moment that it is made, and is due", async () => {
    expect(await findDue(db.worker, "rebalance", 1000)).toContain(kubeId);
    expect(await store().find(kubeId)).toMatchObject({
      simulated: true,
      pools: [{ poolId, mode: "propose", minSavingMicroUsdPerMonth: 10_000_000, maxAutomaticMoves: 10 }],
      clusters: [{ id: clusterId, state: "creating", isBusy: true, version: "8.19.21" }],
      plans: [],
      observedAt: undefined,
    });
  });

  it("a newer proposal takes the place of the one before, and says so there", async () => {
    const first = await propose();
    const second = await propose(another);
    expect(second.planId).not.toBe(first.planId);
    expect(await stateOf(first.planId)).toMatchObject({
      state: "superseded",
      reason: expect.stringContaining(second.planId),
    });
    const found = await store().find(kubeId);
    expect(found?.plans).toMatchObject([
      { id: second.planId, state: "proposed", moves: [{ step: 0, fromNode: "n1", toNode: "n2", state: "planned" }] },
    ]);
  });

  it("the same plan found again is no new one", async () => {
    const first = await propose();
    expect(await propose()).toEqual({ outcome: "proposed", planId: first.planId });
    expect((await store().find(kubeId))?.plans).toHaveLength(1);
  });

  it("nothing takes the place of one that is approved", async () => {
    const first = await propose();
    await act(first.planId, "approve", "approved");
    expect(await propose(another)).toEqual({ outcome: "open", planId: first.planId });
    expect(await stateOf(first.planId)).toMatchObject({ state: "approved" });
  });

  it("a plan that an operator cancelled is not proposed again for a day, and another one is", async () => {
    const first = await propose();
    await act(first.planId, "cancel", "cancelled");
    expect(await propose()).toEqual({ outcome: "cancelled", planId: first.planId });
    expect(await propose(another)).toMatchObject({ outcome: "proposed" });
    await db.owner.query("update rebalance_plan set finished_at = now() - interval '25 hours' where id = $1", [
      first.planId,
    ]);
    const again = await propose();
    expect(again).toMatchObject({ outcome: "proposed" });
    expect(again.planId).not.toBe(first.planId);
  });

  it("one that needs no approval is approved from the first, and the look that found it leaves its kube due", async () => {
    const found = await store().find(kubeId);
    const { planId } = await propose({ automatic: true });
    expect((await store().find(kubeId))?.plans).toMatchObject([{ id: planId, state: "approved" }]);
    const look = { waitingFor: [], pools: [], failures: 0, nextCheckAt: new Date(Date.now() + 3_600_000) };
    await store().recordLook(lease, kubeId, { ...look, wakes: found?.wakes ?? 0 });
    expect(await findDue(db.worker, "rebalance", 1000)).toContain(kubeId);
  });

  describe("a plan that runs", () => {
    const begin = async () => {
      const { planId } = await propose({ automatic: true });
      const status = { state: "running", reason: undefined, waitingFor: [] } as const;
      await store().recordPlan(lease, planId, "approved", status);
      return planId;
    };
    const moves = async () => (await store().find(kubeId))?.plans[0]?.moves;

    it("reserves the place of a move that begins, for placement and for the machine, and keeps off what it empties", async () => {
      const emptied = { plan: { steps: [], actions: [{ nodes: ["n1"] }], held: [] }, automatic: true };
      const { planId } = await propose(emptied);
      expect((await store().find(kubeId))?.kube).toMatchObject({ moving: [], emptying: [] });
      expect(await store().beginMove(lease, planId, 0, "uid")).toBe(false);
      await store().recordPlan(lease, planId, "approved", { state: "running", reason: undefined, waitingFor: [] });
      expect(await store().beginMove(lease, planId, 0, "uid")).toBe(true);
      expect((await store().find(kubeId))?.kube).toMatchObject({
        moving: [{ instanceId: instanceIds[0], nodeName: "n2" }],
        emptying: ["n1"],
      });
      expect(await store().beginMove(lease, planId, 0, "uid")).toBe(false);
      expect(await moves()).toMatchObject([{ state: "moving", podUid: "uid" }]);
    });

    it("frees the place when the move has ended, or never began, and tells the tenant of each", async () => {
      const planId = await begin();
      await store().beginMove(lease, planId, 0, "uid");
      await store().endMove(lease, planId, 0, "planned");
      expect(await moves()).toMatchObject([{ state: "planned", podUid: undefined, startedAt: undefined }]);
      await store().beginMove(lease, planId, 0, "uid");
      await store().endMove(lease, planId, 0, "moved");
      await store().endMove(lease, planId, 0, "missed");
      expect((await store().find(kubeId))?.kube.moving).toEqual([]);
      expect(await moves()).toMatchObject([{ state: "moved" }]);
      const events = await db.owner.query(
        "select type from event where target_id = $1 and type like 'instance.move.%' order by seq",
        [instanceIds[0]],
      );
      const words = ["started", "cancelled", "started", "succeeded"];
      expect(events).toEqual(words.map((word) => ({ type: `instance.move.${word}` })));
    });

    it("begins nothing once an operator has paused it, and no record of the loop undoes that", async () => {
      const planId = await begin();
      await db.owner.query("update rebalance_plan set state = 'paused' where id = $1", [planId]);
      expect(await store().beginMove(lease, planId, 0, "uid")).toBe(false);
      await store().recordPlan(lease, planId, "running", { state: "succeeded", reason: undefined, waitingFor: [] });
      expect(await stateOf(planId)).toMatchObject({ state: "paused" });
    });

    it("launches its machines once, sends its moves to their nodes, and overshoots no spend cap", async () => {
      const { planId } = await propose({
        automatic: true,
        moves: [{ step: 0, instanceId: instanceIds[0] as InstanceId, clusterId, fromNode: "n1", toNode: "machine-0" }],
      });
      const launch = () =>
        store().launchMachines(lease, kubeId, planId, [
          {
            name: "machine-0",
            machine: {
              id: ids.next("machine"),
              poolId,
              nodeName: `node-of-${planId}`,
              zone: "us-east-1a",
              machineType: "m7i.large",
              priceMicroUsdPerHour: 100_800,
              allocatable: { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 },
              alternatives: [],
            },
          },
        ]);
      await store().recordPlan(lease, planId, "approved", { state: "running", reason: undefined, waitingFor: [] });
      await db.owner.query("update pool set spend_cap_micro_usd_per_hour = 1 where id = $1", [poolId]);
      expect(await launch()).toMatchObject({ ok: false, error: { kind: "spend_cap" } });
      expect((await store().find(kubeId))?.kube.machines).toEqual([]);
      await db.owner.query("update pool set spend_cap_micro_usd_per_hour = null where id = $1", [poolId]);
      expect(await launch()).toEqual({ ok: true, value: true });
      await launch();
      const found = await store().find(kubeId);
      expect(found?.kube.machines).toHaveLength(1);
      expect(found?.plans[0]?.machines).toEqual({ "machine-0": found?.kube.machines[0]?.machineId });
      expect(await moves()).toMatchObject([{ toNode: `node-of-${planId}` }]);
    });
  });

  it("a proposal that pays no more is withdrawn, an approved plan is not", async () => {
    const { planId } = await propose();
    await store().withdraw(lease, poolId, "no more");
    expect(await stateOf(planId)).toEqual({ state: "superseded", reason: "no more" });
    const approved = await propose({ automatic: true });
    await store().withdraw(lease, poolId, "no more");
    expect(await stateOf(approved.planId)).toMatchObject({ state: "approved" });
  });

  it("nobody writes whose lease has gone to another", async () => {
    await db.owner.query("update lease set epoch = epoch + 1 where name = $1", [lease.name]);
    await expect(propose()).rejects.toBeInstanceOf(LeaseLost);
  });

  it("a look asked for while another is taken leaves the row due", async () => {
    const found = await store().find(kubeId);
    await db.owner.query("update rebalance set wakes = wakes + 1 where id = $1", [kubeId]);
    const look = { waitingFor: [], pools: [], failures: 0, nextCheckAt: new Date(Date.now() + 3_600_000) };
    await store().recordLook(lease, kubeId, { ...look, wakes: found?.wakes ?? 0 });
    expect(await findDue(db.worker, "rebalance", 1000)).toContain(kubeId);
    await store().recordLook(lease, kubeId, { ...look, wakes: (found?.wakes ?? 0) + 1 });
    expect(await findDue(db.worker, "rebalance", 1000)).not.toContain(kubeId);
    expect((await store().find(kubeId))?.observedAt).toBeInstanceOf(Date);
  });

  it("a look is asked for until one is taken", async () => {
    const look = { waitingFor: [], pools: [], failures: 0, nextCheckAt: new Date(Date.now() + 3_600_000) };
    const take = async () => store().recordLook(lease, kubeId, { ...look, wakes: 0 });
    await take();
    expect(await store().find(kubeId)).toMatchObject({ isAskedFor: false });
    await sqlTransaction(db.operator, (tx) =>
      requestRebalance(tx, ids, { kubeId, organizationId: tenant.organizationId, ...by }),
    );
    expect(await store().find(kubeId)).toMatchObject({ isAskedFor: true });
    await take();
    expect(await store().find(kubeId)).toMatchObject({ isAskedFor: false });
  });

  it("plans that are long over go, with their moves", async () => {
    const { planId } = await propose();
    await act(planId, "cancel", "cancelled");
    await forgetOldRebalancePlans(db.worker);
    expect(await stateOf(planId)).toBeDefined();
    await db.owner.query("update rebalance_plan set finished_at = now() - interval '31 days' where id = $1", [planId]);
    expect(await forgetOldRebalancePlans(db.worker)).toBe(1);
    expect(await db.owner.query("select 1 from rebalance_move where plan_id = $1", [planId])).toEqual([]);
  });
});
