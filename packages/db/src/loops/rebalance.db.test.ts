import type { ClusterId, InstanceId, KubeId, PoolId, RebalancePlanId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findDue } from "../due.ts";
import { insertCluster } from "../insert-cluster.ts";
import { acquireLease } from "../leases.ts";
import { changeRebalancePlan, forgetOldRebalancePlans, lockRebalancePlan } from "../rebalance-plans.ts";
import { by, makeKube, makeTenant, newCluster, type Tenant } from "../testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { sqlTransaction } from "../transaction.ts";
import { LeaseLost } from "./fenced.ts";
import { rebalanceStore } from "./rebalance.ts";
import type { HeldLease, NewRebalancePlan } from "./types.ts";

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

const store = () => rebalanceStore(db.worker.pool);
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

  it("one that needs no approval is approved from the first", async () => {
    const { planId } = await propose({ automatic: true });
    expect((await store().find(kubeId))?.plans).toMatchObject([{ id: planId, state: "approved" }]);
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
