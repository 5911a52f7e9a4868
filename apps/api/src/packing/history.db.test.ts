import { insertPackingSamples, type NewPackingSample } from "@berth/db";
import type { KubeId, PoolId } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPool, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let kubeId: KubeId;
let pools: readonly PoolId[];
beforeAll(async () => {
  api = await startTestApi();
  const [kube] = await api.owner.query<{ id: KubeId }>("select id from kube");
  kubeId = kube?.id ?? ("" as KubeId);
  const body = aPool(kubeId, {
    name: "second",
    max_price_per_hour: { amount: "12", currency: "USD" },
    max_machines: 40,
  });
  await api.ask("POST", "/v1/admin/pools", { key: api.operator.key, body });
  pools = (await api.owner.query<{ id: PoolId }>("select id from pool order by created_at")).map(({ id }) => id);
});
afterAll(() => api.close());

const get = async (path: string) => {
  const answer = await api.ask("GET", `/v1/admin/${path}`, { key: api.operator.key });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
};
const sample = (poolId: PoolId, over: Partial<NewPackingSample> = {}): NewPackingSample => ({
  poolId,
  kubeId,
  machines: 2,
  instances: 8,
  dataInstances: 6,
  priceMicroUsdPerHour: 2_000_000,
  idleMicroUsdPerDay: 12_000_000,
  requestedCpuMilli: 3000,
  requestedMemoryMib: 4096,
  requestedVolumes: 8,
  allocatableCpuMilli: 6000,
  allocatableMemoryMib: 16_384,
  allocatableVolumes: 50,
  allocatableInstances: 32,
  measuredInstances: 4,
  measuredCpuMilli: 1500,
  measuredMemoryMib: 2048,
  usedCpuMilli: 150,
  usedMemoryMib: 1536,
  ...over,
});
/** Puts the samples of these ten minutes back in time. */
const age = (interval: string) =>
  api.owner.query(
    "update packing_sample set sampled_at = sampled_at - $1::interval where sampled_at > now() - interval '15 minutes'",
    [interval],
  );

describe("GET /v1/admin/packing/history", () => {
  it("has one sample of each pool and ten minutes, summed over pools, with what is requested of what there is", async () => {
    const [first, second] = pools as [PoolId, PoolId];
    expect(await insertPackingSamples(api.owner, [sample(first), sample(second)])).toBe(2);
    expect(await insertPackingSamples(api.owner, [sample(first, { machines: 9 }), sample(second)])).toBe(0);
    const { points, step_seconds, cold_plans } = await get("packing/history");
    expect(cold_plans).toEqual([]);
    expect(step_seconds).toBe(600);
    expect(points).toEqual([
      {
        at: expect.any(String),
        machines: 4,
        instances: 16,
        price_per_hour: { amount: "4.000000000000", currency: "USD" },
        idle_per_day: { amount: "24.000000000000", currency: "USD" },
        requested_share: { cpu: 0.5, memory: 0.25, volumes: 0.16, instances: 0.25 },
        used_share: { cpu: 0.1, memory: 0.75 },
        density: 3,
        dominant_utilization: 0.75,
      },
    ]);
    expect((await get(`packing/history?pool_id=${second}`)).points).toMatchObject([{ machines: 2 }]);
    expect((await get("packing/history?pool_id=pool_01jd0v6m3pf8tb2k7n5xq4w9ze")).points).toEqual([]);
  });

  it("a long time has longer steps, each with the last that was seen in it", async () => {
    await age("3 hours");
    const [first] = pools as [PoolId];
    await insertPackingSamples(api.owner, [sample(first, { machines: 7, measuredCpuMilli: 0, measuredMemoryMib: 0 })]);
    const { points } = await get("packing/history");
    expect(points[1].used_share).toEqual({ cpu: null, memory: null });
    expect(points.map(({ machines }: { machines: number }) => machines)).toEqual([4, 7]);
    const until = new Date().toISOString();
    const long = await get(`packing/history?since=2020-01-01T00:00:00Z&until=${until}`);
    expect(long.step_seconds).toBeGreaterThan(3 * 3600);
    expect(Date.parse(long.until) - Date.parse(long.since)).toBeLessThanOrEqual(366 * 86_400_000);
    expect(long.points.length).toBeLessThanOrEqual(2);
    expect((await get(`packing/history?since=${until}&until=2020-01-01T00:00:00Z`)).points).toEqual([]);
  });
});

describe("GET /v1/admin/capacity_forecast", () => {
  it("refuses by name with fewer than seven days", async () => {
    await api.owner.query("delete from packing_sample");
    const { pools: told } = await get("capacity_forecast");
    expect(told).toMatchObject([{ unknown_because: "too_few_samples", price_per_hour: [] }, { days_sampled: 0 }]);
  });

  it("a pool that grows by a dollar a day reaches its caps on the days that follow from that", async () => {
    await api.owner.query("delete from packing_sample");
    const [, second] = pools as [PoolId, PoolId];
    for (let daysAgo = 8; daysAgo >= 1; daysAgo--) {
      const at = 10 - daysAgo; // 9 dollars and machines yesterday, 10 today.
      await insertPackingSamples(api.owner, [sample(second, { machines: at, priceMicroUsdPerHour: at * 1_000_000 })]);
      await age(`${daysAgo} days`);
    }
    const [told] = (await get(`capacity_forecast?pool_id=${second}`)).pools;
    expect(told).toMatchObject({ days_sampled: 8, unknown_because: null });
    const amounts = told.price_per_hour.map(
      ({ in_days, expected }: { in_days: number; expected: { amount: string } }) => [
        in_days,
        Number(expected.amount).toFixed(3),
      ],
    );
    expect(amounts).toEqual([
      [30, "40.000"],
      [90, "100.000"],
    ]);
    const inDays = (date: string) =>
      Math.round((Date.parse(date) - Math.floor(Date.now() / 86_400_000) * 86_400_000) / 86_400_000);
    expect(inDays(told.spend_cap_reached.expected_on)).toBe(2);
    expect(inDays(told.machine_cap_reached.expected_on)).toBe(30);
    const [first] = (await get("capacity_forecast")).pools;
    expect(first).toMatchObject({ unknown_because: "too_few_samples", spend_cap_reached: null });
  });
});
