import { afterAll, beforeAll, expect, it } from "vitest";
import { createLeases } from "./leases.ts";
import { reservationStore } from "./loops/reservations.ts";
import {
  decideReservationPlan,
  findCurrentReservationPlan,
  findReservationPlan,
  forgetOldReservationPlans,
  insertReservationPlan,
  queueNightlyReservationPlan,
  readReservationCase,
} from "./reservation-plans.ts";
import { isBoughtSince } from "./reservation-purchases.ts";
import { makeTenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { transaction } from "./transaction.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

it("is asked for, made, superseded by the next, decided, and read with what it was made of", async () => {
  const { organizationId } = await makeTenant(db);
  const by = { organizationId, actor: "key_test", requestId: "req_test" };
  const store = reservationStore(db.worker.pool);
  const leases = createLeases(db.worker, { holder: "test", ttlMs: 30_000, onRenewalError: () => {} });
  const make = async (caseText: string) => {
    const id = ids.next("reservationPlan");
    const plan = await transaction(db.operator, (tx) => insertReservationPlan(tx, ids, { ...by, id }));
    expect(plan).toMatchObject({ state: "queued", createdBy: "key_test", generation: 1 });
    await leases.withLease(`reservation_plan/${id}`, async (lease) => {
      await store.recordStarted(lease, id);
      // What may pass is told while it is tried again, and is over with the plan.
      await store.recordTrouble(lease, id, { code: "internal_error", message: "See the log." });
      expect(await store.find(id)).toEqual({
        state: "planning",
        attempts: 1,
        failure: { code: "internal_error", message: "See the log." },
      });
      await store.recordPlan(lease, id, {
        caseText,
        caseSha256: "0".repeat(64),
        priceBooks: [],
        result: { purchases: [] },
      });
    });
    return id;
  };
  const first = await make("one");
  const second = await make("two");
  expect(await findReservationPlan(db.operator, first)).toMatchObject({ state: "superseded", failure: null });
  expect(await findCurrentReservationPlan(db.operator)).toMatchObject({ id: second, state: "proposed" });
  expect(await readReservationCase(db.operator, second)).toBe("two");
  const decided = await transaction(db.operator, (tx) =>
    decideReservationPlan(tx, ids, { ...by, id: second, decision: "reject", reason: "too long a term" }),
  );
  expect(decided).toMatchObject({ state: "rejected", reason: "too long a term", decidedBy: "key_test", generation: 2 });
  expect(await findCurrentReservationPlan(db.operator)).toBeUndefined();
  // One is in force: the next that is approved takes its place.
  const approve = (id: typeof second) =>
    transaction(db.operator, (tx) => decideReservationPlan(tx, ids, { ...by, id, decision: "approve", reason: null }));
  const third = await make("three");
  await approve(third);
  const fourth = await make("four");
  expect(await findCurrentReservationPlan(db.operator)).toMatchObject({ id: fourth, state: "proposed" });
  await approve(fourth);
  expect(await findReservationPlan(db.operator, third)).toMatchObject({ state: "superseded", decidedBy: "key_test" });
  expect(await findCurrentReservationPlan(db.operator)).toMatchObject({ id: fourth, state: "approved" });
  // Those that nobody approved are forgotten after 90 days.
  await db.owner.query("update reservation_plan set finished_at = now() - interval '91 days'");
  expect(await forgetOldReservationPlans(db.worker, 10)).toBe(3);
  expect(await findCurrentReservationPlan(db.operator)).toMatchObject({ id: fourth });
  // Nobody changes what a plan says.
  await expect(db.operator.query("update reservation_plan set result = '{}'")).rejects.toThrow(/permission denied/);
});

it("is asked for once a night, where a machine was ever launched", async () => {
  const ask = () => queueNightlyReservationPlan(db.worker, ids, 0);
  expect(await ask()).toBe(false);
  await db.owner.query(
    `insert into kube (id, name, region, zones, api_server_url) values ('kub_n', 'n', 'us-east-1', '{a}', 'https://k');`,
  );
  await db.owner.query(
    `insert into pool (id, kube_id, name, zones, machine_types, image_id) values ('pool_n', 'kub_n', 'n', '{a}', '{m7i.large}', 'ami')`,
  );
  await db.owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable, launched_at)
     values ('mac_n', 'kub_n', 'pool_n', 'ready', 'n', 'a', 'm7i.large', 1, '{}', now())`,
  );
  expect((await Promise.all([ask(), ask(), ask()])).filter(Boolean)).toHaveLength(1);
  expect(await ask()).toBe(false);
});

it("knows of what was bought, registered or asked for since an instant", async () => {
  const since = new Date(Date.now() - 60_000);
  const isBought = () => transaction(db.operator, (tx) => isBoughtSince(tx, since));
  const purchase = (state: string, asked: string, known: string | null = null) =>
    db.owner.query(
      `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class, term,
                                         payment_option, upfront_micro_usd, hourly_micro_usd, due_at, asked_at, external_id,
                                         known_ids)
       values ('rpu_one', 'rsp_one', 0, 0, $1, 'p', 'us-east-1', 'm7i.xlarge', 1, 'standard', '1y', 'no_upfront', 0, 1, now(),
               now() + $2::interval, case when $1 = 'bought' then 'ri-1' end, $3::text[])`,
      [state, asked, known],
    );
  const told: boolean[] = [];
  const looks: readonly (readonly [state: string, asked: string, known?: string])[] = [
    ["planned", "0"],
    ["bought", "-1 hour"],
    ["bought", "0"],
    ["buying", "-1 hour"],
    ["dropped", "0"],
    // EC2 was asked, and did not refuse: it may show what it sold until half an hour later.
    ["dropped", "0", "{}"],
    ["planned", "-15 minutes", "{}"],
    ["dropped", "-1 hour", "{}"],
  ];
  for (const [state, asked, known] of looks) {
    await purchase(state, asked, known);
    told.push(await isBought());
    await db.owner.query("delete from reservation_purchase");
  }
  expect(told).toEqual([false, false, true, true, false, true, true, false]);
  const register = (created: string) =>
    db.owner.query(
      `insert into commitment (id, kind, term, payment_option, commitment_micro_usd_per_hour, source, starts_at, ends_at, created_at)
       values ('cmt_' || gen_random_uuid(), 'compute_savings_plan', '1y', 'no_upfront', 1, 'operator', now() - interval '1 year', now(), now() + $1::interval)`,
      [created],
    );
  await register("-1 hour");
  expect(await isBought()).toBe(false);
  await register("0");
  expect(await isBought()).toBe(true);
});
