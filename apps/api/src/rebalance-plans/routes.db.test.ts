import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OneOfEach, oneOfEach, proposeRebalance } from "../testing/one-of-each.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let world: OneOfEach;
beforeAll(async () => {
  api = await startTestApi();
  world = await oneOfEach(api);
});
afterAll(() => api.close());

const ask = (method: string, path: string, body?: object) =>
  api.ask(method, `/v1/admin/${path}`, { key: api.operator.key, ...(body === undefined ? {} : { body }) });
async function aPlan(state: string): Promise<string> {
  const id = systemIds.next("rebalancePlan");
  await proposeRebalance(api, id, world.ids.cluster ?? "", state);
  return id;
}
const due = async () => {
  const [row] = await api.owner.query<{ wakes: number }>("select sum(wakes)::int as wakes from rebalance");
  return row?.wakes ?? 0;
};

describe("rebalance plans", () => {
  it("a plan is read with its moves in their order, and why others are held", async () => {
    const answer = await ask("GET", `rebalance_plans/${world.ids.rebalancePlan}`);
    expect(answer.json()).toMatchObject({
      state: "proposed",
      saving_per_hour: { amount: "0.100800000000" },
      saving_per_month: { amount: "73.584000000000" },
      instances: 1,
      moved: 0,
      moves: [{ hour: 0, round: 1, from: "node-1", to: "node-2", state: "planned", cluster_id: world.ids.cluster }],
      held: [{ reason: "no_room", nodes: 1, instances: 3 }],
      reason: null,
    });
  });

  it("a look at a plan's moves is a row in the chain of the tenant whose instances they are", async () => {
    const { tenant } = await oneOfEach(api);
    const [plan] = await api.owner.query<{ id: string }>(
      "select m.plan_id as id from rebalance_move m join cluster c on c.id = m.cluster_id where c.organization_id = $1",
      [tenant.organizationId],
    );
    await ask("GET", `rebalance_plans/${plan?.id}`);
    const reads = await api.ask("GET", "/v1/audit_events?action=operator.read", { key: tenant.key });
    expect(reads.json().data).toMatchObject([{ target: { type: "cluster" } }]);
  });

  it("an approval stands with the plan, wakes its kube's loop, and asked for again changes nothing", async () => {
    const id = await aPlan("proposed");
    const before = await due();
    const approved = await ask("POST", `rebalance_plans/${id}/approve`);
    expect(approved.json()).toMatchObject({ id, state: "approved", automatic: false, generation: 2 });
    expect(approved.json().approved_at).not.toBeNull();
    expect(await due()).toBe(before + 1);
    expect((await ask("POST", `rebalance_plans/${id}/approve`)).json()).toEqual(approved.json());
    expect(await due()).toBe(before + 1);
  });

  it("pause, resume and cancel lead to their states, and none leads out of a cancelled one", async () => {
    const id = await aPlan("running");
    for (const [act, state] of [
      ["pause", "paused"],
      ["resume", "approved"],
      ["cancel", "cancelled"],
    ]) {
      expect((await ask("POST", `rebalance_plans/${id}/${act}`)).json()).toMatchObject({ state });
    }
    const refused = await ask("POST", `rebalance_plans/${id}/resume`);
    expect([refused.statusCode, refused.json().code]).toEqual([409, "invalid_state"]);
    expect(refused.json().detail).toContain("cancelled, and cannot be resumed");
  });

  it("a refused proposal does not have its kube looked at again at once: the same plan would come back", async () => {
    const id = await aPlan("proposed");
    const before = await due();
    expect((await ask("POST", `rebalance_plans/${id}/cancel`)).json()).toMatchObject({ state: "cancelled" });
    expect(await due()).toBe(before);
  });

  it("202: a look is asked for, and answered with what the last one came to; 422 for a kube that there is not", async () => {
    const pools = [
      { poolId: world.ids.pool, mode: "propose", outcome: "nothing", savingMicroUsdPerHour: 0, planId: null, held: [] },
    ];
    await api.owner.query("update rebalance set observed_at = now(), pools = $2 where id = $1", [
      world.ids.kube,
      JSON.stringify(pools),
    ]);
    const before = await due();
    const asked = await ask("POST", "rebalance_plans", { kube_id: world.ids.kube });
    expect(asked.statusCode, asked.body).toBe(202);
    expect(asked.json()).toMatchObject({ kube_id: world.ids.kube, pools: [{ outcome: "nothing" }] });
    expect(await due()).toBe(before + 1);
    expect((await api.ask("GET", String(asked.headers.location), { key: api.operator.key })).json()).toEqual(
      asked.json(),
    );
    const unknown = await ask("POST", "rebalance_plans", { kube_id: systemIds.next("kube") });
    expect([unknown.statusCode, unknown.json().errors[0].code]).toEqual([422, "unknown_kube"]);
  });

  it("the list is of one kube, pool and state where that is asked for", async () => {
    const id = await aPlan("paused");
    const [row] = await api.owner.query<{ kube: string; pool: string }>(
      "select kube_id as kube, pool_id as pool from rebalance_plan where id = $1",
      [id],
    );
    const found = await ask("GET", `rebalance_plans?kube_id=${row?.kube}&pool_id=${row?.pool}&state=paused`);
    expect(found.json().data.map((one: { id: string }) => one.id)).toEqual([id]);
    expect((await ask("GET", `rebalance_plans?pool_id=${row?.pool}&state=running`)).json().data).toEqual([]);
  });

  it("a pool's policy says whether moves are looked for, and a change of it has them looked for at once", async () => {
    const before = await due();
    const changed = await ask("PATCH", `pools/${world.ids.pool}`, {
      rebalance_mode: "automatic",
      rebalance_min_saving_per_month: { amount: "25", currency: "USD" },
      rebalance_max_automatic_moves: 4,
    });
    expect(changed.json()).toMatchObject({
      rebalance_mode: "automatic",
      rebalance_min_saving_per_month: { amount: "25.000000000000" },
      rebalance_max_automatic_moves: 4,
    });
    expect(await due()).toBe(before + 1);
  });
});
