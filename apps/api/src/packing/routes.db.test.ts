import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const packing = async (query = "") => {
  const answer = await api.ask("GET", `/v1/admin/packing${query}`, { key: api.operator.key });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
};
const ALLOCATABLE = { cpuMilli: 7600, memoryMib: 58_000, volumes: 25, pods: 16 };

/** A machine of the pool, and so many of the cluster's instances on it. */
async function aMachine(name: string, state: string, instances: readonly string[]): Promise<void> {
  await api.owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
     select $1, kube_id, id, $2, $1, 'us-east-1a', 'r7i.2xlarge', 529200, $3 from pool order by id limit 1`,
    [name, state, JSON.stringify(ALLOCATABLE)],
  );
  await api.owner.query("update instance set node_name = $1, machine_id = $1 where id = any($2)", [name, instances]);
}

describe("GET /v1/admin/packing", () => {
  it("counts what sits on the machines, what waits, and what that costs", async () => {
    expect(await packing()).toMatchObject({
      total: { instances: 0, price_per_hour: { amount: "0.000000000000" }, density: { mean: null, max: 0 } },
      pools: [{ name: "default", dominant_utilization: null, packing_saving: null }],
      nodes: null,
    });
    const cluster = (await api.ask("POST", "/v1/clusters", { key: api.customer.key, body: aCluster() })).json();
    const ids = (
      await api.owner.query<{ id: string }>("select id from instance where cluster_id = $1 order by ordinal", [
        cluster.id,
      ])
    ).map(({ id }) => id);
    expect((await packing()).instances_without_place).toBe(3);
    await aMachine("mac_full", "ready", ids.slice(0, 2));
    await aMachine("mac_coming", "booting", []);
    await aMachine("mac_gone", "terminated", ids.slice(2));

    const body = await packing("?nodes=true");
    expect(body.instances_without_place).toBe(1);
    expect(body.total).toMatchObject({
      machines: { ready: 1, coming: 1, leaving: 0 },
      instances: 2,
      price_per_hour: { amount: "1.058400000000" },
      allocatable: { cpu_millis: 15_200, volumes: 50, instances: 32 },
      requested: { memory_bytes: 2 * 8 * 2 ** 30, volumes: 2, instances: 2 },
      density: { mean: 1, max: 2 },
      blast_radius: { instances: 1, tenant: 1 },
      used: null,
    });
    expect(body.used_missing).toBe("not_measured");
    // Each of the two would have an m7i.xlarge of its own: cheaper than these two machines, so packing saves less than nothing.
    expect(body.total.one_machine_each_per_hour.amount).toBe("0.403200000000");
    expect(body.total.packing_saving).toBeCloseTo(1 - 1_058_400 / 403_200, 5);
    expect(body.nodes.map(({ node_name }: { node_name: string }) => node_name)).toEqual(["mac_coming", "mac_full"]);
    expect(body.nodes[0]).toMatchObject({ dominant_utilization: 0, idle_per_day: { amount: "12.700800000000" } });
  });

  it("what instances use is of those that were measured in the last quarter of an hour", async () => {
    const measured = (cpuMilli: number, ago: string) =>
      api.owner.query(
        `update instance set used_cpu_milli = $1, used_memory_mib = 6144, used_at = now() - $2::interval
          where id = (select id from instance where node_name = 'mac_full' order by id limit 1)`,
        [cpuMilli, ago],
      );
    const figures = {
      instances: 1,
      cpu_millis: 50,
      memory_bytes: 6 * 2 ** 30,
      requested: { cpu_millis: expect.any(Number), memory_bytes: 8 * 2 ** 30 },
      of_requested: { cpu: expect.any(Number), memory: 0.75 },
    };
    await measured(50, "14 minutes");
    const body = await packing("?nodes=true");
    expect(body).toMatchObject({ total: { used: figures }, pools: [{ used: figures }], used_missing: null });
    expect(body.nodes).toMatchObject([{ used: null }, { node_name: "mac_full", used: figures }]);
    expect(body.total.used.of_requested.cpu).toBeCloseTo(50 / body.total.used.requested.cpu_millis, 5);
    await measured(50, "16 minutes");
    expect(await packing()).toMatchObject({ total: { used: null }, used_missing: "not_measured" });
  });

  it("of another pool or kube there is nothing, and no tenant is named", async () => {
    const [row] = await api.owner.query<{ id: string; kube: string }>("select id, kube_id as kube from pool limit 1");
    expect((await packing(`?pool_id=${row?.id}`)).total.instances).toBe(2);
    expect((await packing(`?kube_id=${row?.kube}`)).total.instances).toBe(2);
    const other = await packing("?pool_id=pool_01jd0v6m3pf8tb2k7n5xq4w9ze");
    expect(other).toMatchObject({ total: { instances: 0 }, pools: [] });
    expect(JSON.stringify(await packing("?nodes=true"))).not.toContain("org_");
  });
});
