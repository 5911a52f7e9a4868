import { afterAll, beforeAll, expect, it } from "vitest";
import { alarmExpiries } from "./commitment-alarms.ts";
import { makeTenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

const endsIn = (id: string, interval: string) =>
  db.owner.query(
    `insert into commitment (id, kind, term, payment_option, commitment_micro_usd_per_hour, source, starts_at, ends_at)
     values ($1, 'compute_savings_plan', '1y', 'no_upfront', 1000000, 'operator', now() - interval '1 year', now() + $2::interval)`,
    [id, interval],
  );
const move = (id: string, interval: string) =>
  db.owner.query("update commitment set ends_at = now() + $2::interval where id = $1", [id, interval]);
const told = async () => (await alarmExpiries(db.worker, ids)).map(({ id, days }) => [id, days]);

it("tells of the end of a commitment once at 60, at 30 and at 7 days ahead, to the platform's organizations alone", async () => {
  const tenant = await makeTenant(db);
  const platform = await makeTenant(db);
  await db.owner.query("update organization set kind = 'platform' where id = $1", [platform.organizationId]);
  await endsIn("cmt_far", "61 days");
  await endsIn("cmt_late", "3 days");
  await endsIn("cmt_over", "-1 day");
  expect(await told()).toEqual([["cmt_late", 7]]);
  expect(await told()).toEqual([]);
  await move("cmt_far", "60 days");
  expect(await told()).toEqual([["cmt_far", 60]]);
  await move("cmt_far", "31 days");
  expect(await told()).toEqual([]);
  await move("cmt_far", "30 days");
  expect(await told()).toEqual([["cmt_far", 30]]);
  await move("cmt_far", "1 day");
  expect(await told()).toEqual([["cmt_far", 7]]);
  const events = await db.owner.query(
    "select organization_id, target_id, data ->> 'days' as days from event where type = 'commitment.expiring' order by seq",
  );
  expect(events).toEqual(
    [
      ["cmt_late", "7"],
      ["cmt_far", "60"],
      ["cmt_far", "30"],
      ["cmt_far", "7"],
    ].map(([target_id, days]) => ({ organization_id: platform.organizationId, target_id, days })),
  );
  expect(tenant.organizationId).not.toBe(platform.organizationId);
});

it("tells once, also when several workers look at once", async () => {
  await endsIn("cmt_race", "10 days");
  const all = await Promise.all(Array.from({ length: 8 }, told));
  expect(all.flat()).toEqual([["cmt_race", 30]]);
});
