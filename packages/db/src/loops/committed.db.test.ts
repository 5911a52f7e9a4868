import { afterAll, beforeAll, expect, it } from "vitest";
import { makeKube, makeTenant } from "../testing/fixtures.ts";
import { type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { placementStore } from "./placement.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

it("a kube is read with what is reserved in its region now, and with what runs there in all kubes where anything is", async () => {
  const { organizationId } = await makeTenant(db);
  const [here, beside, away] = [
    await makeKube(db, organizationId, "eu-1"),
    await makeKube(db, organizationId, "eu-1"),
    await makeKube(db, organizationId, "eu-2"),
  ];
  const machine = (kube: typeof here, type: string, zone: string, state = "ready") =>
    db.owner.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
       values ('mac_' || gen_random_uuid(), $1, $2, $3, gen_random_uuid(), $4, $5, 1, '{}')`,
      [kube.kubeId, kube.poolId, state, zone, type],
    );
  await machine(here, "m7i.large", "eu-1a");
  await machine(here, "m7i.large", "eu-1a", "planned");
  await machine(beside, "m7i.large", "eu-1b");
  await machine(beside, "m7i.large", "eu-1b", "terminated");
  await machine(away, "m7i.large", "eu-2a");
  const find = async (kube: typeof here) => {
    const record = await placementStore(db.worker.pool).findKube(kube.kubeId);
    const sorted = (list: readonly { readonly zone: string | null }[] = []) =>
      list.toSorted((a, b) => String(a.zone).localeCompare(String(b.zone)));
    return { reserved: sorted(record?.reserved), running: sorted(record?.running) };
  };
  expect(await find(here)).toEqual({ reserved: [], running: [] });
  const reserve = (zone: string | null, count: number, starts: string, ends: string) =>
    db.owner.query(
      `insert into commitment (id, kind, region, zone, machine_type, offering_class, term, payment_option, count, upfront_micro_usd,
                               hourly_micro_usd, source, starts_at, ends_at)
       values ('cmt_' || gen_random_uuid(), 'reserved_instances', 'eu-1', $1, 'm7i.large', 'standard', '1y', 'no_upfront', $2, 0, 1,
               'operator', now() + $3::interval, now() + $4::interval)`,
      [zone, count, starts, ends],
    );
  await reserve(null, 2, "-1 day", "1 day");
  await reserve(null, 3, "-2 days", "1 hour");
  await reserve("eu-1a", 1, "-1 day", "1 day");
  await reserve(null, 100, "-2 days", "-1 day");
  await reserve(null, 100, "1 day", "2 days");
  expect(await find(here)).toEqual({
    reserved: [
      { machineType: "m7i.large", zone: "eu-1a", count: 1 },
      { machineType: "m7i.large", zone: null, count: 5 },
    ],
    running: [
      { machineType: "m7i.large", zone: "eu-1a", count: 2 },
      { machineType: "m7i.large", zone: "eu-1b", count: 1 },
    ],
  });
  expect(await find(beside)).toEqual(await find(here));
  expect(await find(away)).toEqual({ reserved: [], running: [] });
});
