import { afterAll, beforeAll, expect, it } from "vitest";
import { listLoadHours } from "./packing-samples.ts";
import { type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

it("what a region's instances asked for in an hour is the mean of each pool's samples, summed; kubes that nobody pays for are not in it", async () => {
  await db.owner.query(
    `insert into kube (id, name, region, zones, api_server_url, is_static)
     values ('kub_1', 'one', 'r1', '{a}', 'https://k', false), ('kub_2', 'two', 'r1', '{a}', 'https://k', false),
            ('kub_3', 'other', 'r2', '{a}', 'https://k', false), ('kub_4', 'brought', 'r1', '{a}', 'https://k', true)`,
  );
  const sample = (pool: string, kube: string, at: string, memory: number) =>
    db.owner.query(
      `insert into packing_sample (pool_id, kube_id, sampled_at, machines, instances, data_instances, price_micro_usd_per_hour,
              idle_micro_usd_per_day, requested_cpu_milli, requested_memory_mib, requested_volumes, allocatable_cpu_milli,
              allocatable_memory_mib, allocatable_volumes, allocatable_instances)
       values ($1, $2, $3, 0, 0, 0, 0, 0, 0, $4, 0, 0, 0, 0, 0)`,
      [pool, kube, at, memory],
    );
  await sample("pool_1", "kub_1", "2026-11-01T00:00:00Z", 100);
  await sample("pool_1", "kub_1", "2026-11-01T00:50:00Z", 300);
  await sample("pool_2", "kub_2", "2026-11-01T00:10:00Z", 50);
  await sample("pool_1", "kub_1", "2026-11-01T02:00:00Z", 400);
  await sample("pool_3", "kub_3", "2026-11-01T00:00:00Z", 7);
  await sample("pool_4", "kub_4", "2026-11-01T00:00:00Z", 9_000);
  await sample("pool_1", "kub_1", "2026-11-01T03:00:00Z", 1);
  const hour = Date.parse("2026-11-01T00:00:00Z") / 3_600_000;
  const rows = await listLoadHours(db.worker, new Date("2026-11-01T00:00:00Z"), new Date("2026-11-01T03:00:00Z"));
  expect(rows).toEqual([
    { region: "r1", hour, memoryMib: 250 },
    { region: "r1", hour: hour + 2, memoryMib: 400 },
    { region: "r2", hour, memoryMib: 7 },
  ]);
});
