import type { Database } from "@berth/db";
import type { PodUsage } from "@berth/ports";
import { measureUsage, samplePacking } from "@berth/worker";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMigratedDatabase } from "./migrated-database.ts";

let owner: Database;
let worker: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ owner, worker, drop } = await createMigratedDatabase());
  await owner.query("insert into kube (id, name, region, api_server_url) values ('kub_1', 'k', 'r', 'https://k')");
  await owner.query(
    "insert into pool (id, kube_id, name) values ('pool_1', 'kub_1', 'full'), ('pool_2', 'kub_1', 'empty')",
  );
  await owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
     select 'mac_' || n, 'kub_1', 'pool_1', case n when 3 then 'terminated' else 'ready' end, 'n' || n, 'a', 'm7i.large', 100000,
            '{"cpuMilli": 1000, "memoryMib": 4000, "volumes": 20, "pods": 8}' from generate_series(1, 3) n`,
  );
});
afterAll(() => drop());

it("each pool has one sample of ten minutes, also an empty one, whoever takes it and however often", async () => {
  const taken = await Promise.all([samplePacking(worker), samplePacking(worker)]);
  expect(taken.toSorted()).toEqual([0, 2]);
  expect(await samplePacking(worker)).toBe(0);
  const rows = await owner.query(
    `select pool_id, machines, instances, price_micro_usd_per_hour::int as price, idle_micro_usd_per_day::int as idle,
            allocatable_memory_mib::int as memory from packing_sample order by 1`,
  );
  expect(rows).toEqual([
    { pool_id: "pool_1", machines: 2, instances: 0, price: 200_000, idle: 4_800_000, memory: 8000 },
    { pool_id: "pool_2", machines: 0, instances: 0, price: 0, idle: 0, memory: 0 },
  ]);
});

it("a kube that does not answer, one without a Metrics API and pods of nobody's stop no measurement", async () => {
  await owner.query(
    "insert into kube (id, name, region, api_server_url) values ('kub_2', 'mute', 'r', 'https://m'), ('kub_3', 'bare', 'r', 'https://b')",
  );
  const asked: string[] = [];
  const stranger: PodUsage = { namespace: "default", name: "p", cpuMilli: 1, memoryMib: 1, measuredAt: new Date() };
  const failed: string[] = [];
  const registry = {
    get: async (kubeId: string) => ({
      podUsage: async () => {
        asked.push(kubeId);
        if (kubeId === "kub_2") throw new Error("no answer");
        return kubeId === "kub_3" ? undefined : [stranger];
      },
    }),
  };
  expect(await measureUsage(worker, registry, (kubeId) => failed.push(kubeId))).toBe(0);
  expect([asked.toSorted(), failed]).toEqual([["kub_1", "kub_2", "kub_3"], ["kub_2"]]);
});
