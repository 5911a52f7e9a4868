import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type CloudCommitment, listLeftOutPurchases, recordCloudCommitments } from "./cloud-commitments.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
beforeEach(async () => {
  for (const table of ["commitment", "reservation_purchase", "left_out_purchase"])
    await db.owner.query(`delete from ${table}`);
});
afterAll(() => db.close());

const purchase = (externalId: string, change: Partial<CloudCommitment> = {}): CloudCommitment => ({
  externalId,
  region: "us-east-1",
  zone: null,
  machineType: "m7i.xlarge",
  offeringClass: "standard",
  term: "1y",
  paymentOption: "no_upfront",
  count: 2,
  upfrontMicroUsd: 0,
  hourlyMicroUsd: 127_000,
  startsAt: new Date("2026-01-01T00:00:00Z"),
  endsAt: new Date("2027-01-01T00:00:00Z"),
  ...change,
});
const read = (change: Partial<Parameters<typeof recordCloudCommitments>[2]>) =>
  recordCloudCommitments(db.worker, ids, {
    region: "us-east-1",
    commitments: [],
    notOursIds: [],
    unpaidIds: [],
    ...change,
  });
const record = (...commitments: CloudCommitment[]) => read({ commitments });
const stored = () =>
  db.owner.query<{ id: string; source: string; count: number; ends: Date }>(
    "select external_id as id, source, count, ends_at as ends from commitment order by external_id",
  );

const bought = (id: string, externalId: string) =>
  db.owner.query(
    `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class,
                                       term, payment_option, upfront_micro_usd, hourly_micro_usd, due_at, asked_at, external_id)
     values ($1, $1, 0, 0, 'bought', 'm7i 1y', 'us-east-1', 'm7i.xlarge', 2, 'standard', '1y', 'no_upfront', 0, 127000, now(), now(), $2)`,
    [id, externalId],
  );

it("registers each purchase once, however often and by however many workers it is read", async () => {
  const all = await Promise.all([1, 2, 3].map(() => record(purchase("ri-1"), purchase("ri-2", { count: 5 }))));
  expect(all.reduce((sum, { registered }) => sum + registered, 0)).toBe(2);
  const ends = new Date("2027-01-01T00:00:00Z");
  expect(await stored()).toEqual([
    { id: "ri-1", source: "ec2", count: 2, ends },
    { id: "ri-2", source: "ec2", count: 5, ends },
  ]);
});

it("lets one end early that EC2 says has, and none that an operator told of", async () => {
  await record(purchase("ri-1"));
  const early = { endsAt: new Date("2026-06-01T00:00:00Z") };
  await db.owner.query(
    `insert into commitment (id, kind, region, machine_type, offering_class, term, payment_option, count, upfront_micro_usd,
                             hourly_micro_usd, external_id, source, starts_at, ends_at)
     values ('cmt_hand', 'reserved_instances', 'us-east-1', 'm7i.xlarge', 'standard', '1y', 'no_upfront', 1, 0, 1, 'ri-hand', 'operator',
             '2026-01-01Z', '2027-01-01Z')`,
  );
  expect(await record(purchase("ri-1", early), purchase("ri-hand", early))).toEqual({
    registered: 0,
    newlyLeftOut: [],
  });
  expect((await stored()).map((row) => [row.id, row.ends.toISOString()])).toEqual([
    ["ri-1", "2026-06-01T00:00:00.000Z"],
    ["ri-hand", "2027-01-01T00:00:00.000Z"],
  ]);
});

it("leaves out what may be what somebody registered without an id, and says so", async () => {
  await db.owner.query(
    `insert into commitment (id, kind, region, machine_type, offering_class, term, payment_option, count, upfront_micro_usd,
                             hourly_micro_usd, account, source, starts_at, ends_at)
     values ('cmt_hand', 'reserved_instances', 'us-east-1', 'm7i.xlarge', 'standard', '1y', 'no_upfront', 1, 0, 1, '123456789012', 'operator',
             '2026-03-01Z', '2027-03-01Z')`,
  );
  const maybe = { externalId: "ri-1", region: "us-east-1", because: "maybe_registered" };
  const both = [purchase("ri-1"), purchase("ri-2", { machineType: "m7i.large" })];
  expect(await record(...both)).toEqual({ registered: 1, newlyLeftOut: [maybe] });
  expect(await record(...both)).toEqual({ registered: 0, newlyLeftOut: [] });
  const windows = { externalId: "ri-windows", region: "eu-1", because: "not_ours_to_cover" };
  expect(await read({ region: "eu-1", notOursIds: ["ri-windows"] })).toMatchObject({ newlyLeftOut: [windows] });
  expect(await listLeftOutPurchases(db.operator)).toEqual([windows, maybe]);
  // What is registered with its id is left out no more, and of other regions nothing changes.
  await db.owner.query("update commitment set external_id = 'ri-1' where id = 'cmt_hand'");
  await record(...both);
  expect(await listLeftOutPurchases(db.operator)).toEqual([windows]);
  // What was bought for a plan is nobody else's.
  await db.owner.query("update commitment set external_id = null where id = 'cmt_hand'");
  await bought("rpu_1", "ri-1");
  expect(await record(...both)).toEqual({ registered: 1, newlyLeftOut: [] });
});

it("forgets a purchase that came to nothing, and has a plan's purchase that was taken for bought looked at again", async () => {
  await record(purchase("ri-queued"), purchase("ri-paid"));
  await bought("rpu_queued", "ri-queued");
  await bought("rpu_paid", "ri-paid");
  await read({ commitments: [purchase("ri-paid")], unpaidIds: ["ri-queued"] });
  expect((await stored()).map(({ id }) => id)).toEqual(["ri-paid"]);
  const states = await db.owner.query(
    `select id, state, external_id as "externalId", next_check_at is not null as due from reservation_purchase order by id`,
  );
  expect(states).toEqual([
    { id: "rpu_paid", state: "bought", externalId: "ri-paid", due: false },
    { id: "rpu_queued", state: "buying", externalId: null, due: true },
  ]);
});
