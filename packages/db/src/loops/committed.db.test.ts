import { afterAll, beforeAll, expect, it } from "vitest";
import { makeKube, makeTenant } from "../testing/fixtures.ts";
import { type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { placementStore } from "./placement.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

it("a kube is read with what is committed to now, and with what runs anywhere, where any of it reaches its region", async () => {
  const { organizationId } = await makeTenant(db);
  const [here, beside, away] = [
    await makeKube(db, organizationId, "eu-1"),
    await makeKube(db, organizationId, "eu-1"),
    await makeKube(db, organizationId, "eu-2"),
  ];
  const machine = (kube: typeof here, type: string, zone: string, state = "ready") =>
    db.owner.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
       values ('mac_' || gen_random_uuid(), $1, $2, $3, gen_random_uuid(), $4, $5, 100000, '{}')`,
      [kube.kubeId, kube.poolId, state, zone, type],
    );
  await machine(here, "m7i.large", "eu-1a");
  await machine(here, "m7i.large", "eu-1a", "planned");
  await machine(beside, "m7i.large", "eu-1b");
  await machine(beside, "m7i.large", "eu-1b", "terminated");
  await machine(away, "m7i.large", "eu-2a");
  const find = async (kube: typeof here) => {
    const {
      commitments = [],
      running,
      rateBooks,
    } = (await placementStore(db.worker.pool).findKube(kube.kubeId))?.committed ?? {};
    return { ids: commitments.map(({ externalId }) => externalId).toSorted(), running, rateBooks };
  };
  const nothing = { ids: [], running: [], rateBooks: [] };
  expect(await find(here)).toEqual(nothing);
  const reserve = (externalId: string, starts: string, ends: string) =>
    db.owner.query(
      `insert into commitment (id, kind, region, machine_type, offering_class, term, payment_option, count, upfront_micro_usd,
                               hourly_micro_usd, source, external_id, starts_at, ends_at)
       values ('cmt_' || gen_random_uuid(), 'reserved_instances', 'eu-1', 'm7i.large', 'standard', '1y', 'no_upfront', 2, 0, 1,
               'operator', $1, now() + $2::interval, now() + $3::interval)`,
      [externalId, starts, ends],
    );
  await reserve("ri-now", "-1 day", "1 day");
  await reserve("ri-over", "-2 days", "-1 day");
  await reserve("ri-later", "1 day", "2 days");
  const one = { machineType: "m7i.large", microUsdPerHour: 100_000 };
  const running = [
    { ...one, region: "eu-1", zone: "eu-1a", count: 2 },
    { ...one, region: "eu-1", zone: "eu-1b", count: 1 },
    { ...one, region: "eu-2", zone: "eu-2a", count: 1 },
  ];
  expect(await find(here)).toEqual({ ids: ["ri-now"], running, rateBooks: [] });
  expect(await find(beside)).toEqual(await find(here));
  expect(await find(away)).toEqual(nothing);

  // A Compute Savings Plan reaches all regions, at the rates of what runs and of what may be launched.
  await db.owner.query(
    `insert into commitment (id, kind, term, payment_option, commitment_micro_usd_per_hour, source, external_id, starts_at, ends_at)
     values ('cmt_plan', 'compute_savings_plan', '1y', 'no_upfront', 500000, 'operator', 'sp-now', now() - interval '1 day', now() + interval '1 day')`,
  );
  const rate = {
    term: "1y",
    offeringClass: null,
    paymentOption: "no_upfront",
    upfrontMicroUsd: 0,
    hourlyMicroUsd: 70_000,
  };
  await db.owner.query(
    `insert into price_book (id, region, version, kind, source, prices)
     select 'pbk_' || v, 'eu-2', v, 'compute_savings_plan', 'a test', $1::jsonb from generate_series(1, 2) v`,
    [JSON.stringify({ "m7i.large": [rate], "z1d.large": [rate] })],
  );
  const rateBooks = [{ region: "eu-2", kind: "compute_savings_plan", rates: [{ machineType: "m7i.large", ...rate }] }];
  expect(await find(away)).toEqual({ ids: ["ri-now", "sp-now"], running, rateBooks });
});
