import { randomUUID } from "node:crypto";
import { createLeases, type Database, purchaseStore } from "@berth/db";
import { idFromUuid, type ReservationPurchaseId, type RunId } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import {
  createEc2Model,
  Ec2Error,
  type Ec2Model,
  inProcessCloud,
  QUICK_TIMINGS,
  realSimulationClock,
} from "@berth/simulator";
import { type PurchaseLoopDeps, readOnly, reconcilePurchase } from "@berth/worker";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createMigratedDatabase } from "./migrated-database.ts";

const BUY = "PurchaseReservedInstancesOffering";
const RUN = idFromUuid("run", randomUUID()) as RunId;
let owner: Database;
let worker: Database;
let drop: () => Promise<void>;
let model: Ec2Model;
/** Ends the process, as a crash would, at one point. */
let crashAt: string | undefined;
let now: () => Date;

beforeAll(async () => {
  ({ owner, worker, drop } = await createMigratedDatabase());
  await owner.query(
    "insert into kube (id, name, region, api_server_url) values ('kub_1', 'k', 'us-east-1', 'https://k')",
  );
  await owner.query(
    "insert into pool (id, kube_id, name, machine_types) values ('pool_1', 'kub_1', 'p', '{m7i.4xlarge}')",
  );
});
beforeEach(async () => {
  model = createEc2Model({
    clock: realSimulationClock(20),
    seed: 1,
    region: "us-east-1",
    zones: ["us-east-1a"],
    timings: QUICK_TIMINGS,
  });
  crashAt = undefined;
  now = () => new Date();
  await owner.query("delete from reservation_purchase");
  await owner.query("delete from commitment");
  await owner.query("update pool set reservation_purchases = 'on'");
});
afterAll(() => drop());

const OFFER = {
  machineType: "m7i.xlarge",
  offeringClass: "standard",
  payment: "Partial Upfront",
  durationSeconds: 31_536_000,
};

/** A purchase that is due, within the price that EC2 asks or one that differs from it. */
async function planned(
  change: { readonly upfront?: number; readonly count?: number } = {},
): Promise<ReservationPurchaseId> {
  const [offer] = await inProcessCloud(model).reservedOfferings(OFFER);
  if (offer === undefined) throw new Error("it is sold");
  const id = idFromUuid("reservationPurchase", randomUUID()) as ReservationPurchaseId;
  await owner.query(
    `insert into reservation_purchase (id, plan_id, purchase, part, product, region, machine_type, count, offering_class, term,
                                       payment_option, upfront_micro_usd, hourly_micro_usd, due_at, next_check_at)
     values ($1, $1, 0, 0, 'm7i 1y', 'us-east-1', 'm7i.xlarge', $2, 'standard', '1y', 'partial_upfront', $3, $4, now() - interval '1 minute', now())`,
    [id, change.count ?? 4, offer.upfrontMicroUsd + (change.upfront ?? 0), offer.hourlyMicroUsd],
  );
  return id;
}

const deps = (): PurchaseLoopDeps => ({
  leases: createLeases(worker, { holder: `w-${randomUUID()}` }),
  store: purchaseStore(worker.pool),
  cloudOf: () => readOnly(inProcessCloud(model)),
  clock: { now: () => now() },
  ids: systemIds,
  effects: {
    reached: (effect, phase) => {
      if (crashAt === `${effect} ${phase}`) throw new TypeError("the process ends here");
    },
  },
});
const run = (id: ReservationPurchaseId) => reconcilePurchase(deps(), id, RUN).catch((error: unknown) => error);
const stateOf = async (id: ReservationPurchaseId) => {
  const [row] = await owner.query<{
    state: string;
    externalId: string | null;
    guards: { name: string }[];
    due: boolean;
  }>(
    `select state, external_id as "externalId", waiting_for as guards, next_check_at is not null as due
       from reservation_purchase where id = $1`,
    [id],
  );
  return { ...row, guards: row?.guards.map(({ name }) => name) };
};
const held = () =>
  owner.query(
    `select external_id as "externalId", count, hourly_micro_usd::float8 as hourly,
            extract(epoch from ends_at - starts_at)::float8 / 3600 as hours, starts_at <= now() as "isNow" from commitment order by 1`,
  );
const sold = () => model.describeReserved().map(({ instanceCount }) => instanceCount);

it("is bought once, however often and by however many workers it is looked at", async () => {
  const id = await planned();
  await Promise.all(Array.from({ length: 6 }, () => run(id)));
  await run(id);
  expect(sold()).toEqual([4]);
  expect(await stateOf(id)).toEqual({
    state: "bought",
    externalId: model.describeReserved()[0]?.id,
    guards: [],
    due: false,
  });
  // It is a commitment from then on, without being read from EC2.
  const [offer] = await inProcessCloud(model).reservedOfferings(OFFER);
  expect(await held()).toEqual([
    { externalId: model.describeReserved()[0]?.id, count: 4, hourly: offer?.hourlyMicroUsd, hours: 8760, isNow: true },
  ]);
});

it("is found and not repeated when EC2's answer is lost", async () => {
  const id = await planned();
  model.faults.loseAnswers(BUY);
  await run(id);
  expect(await stateOf(id)).toMatchObject({ state: "buying", guards: ["purchase_unsettled"], due: true });
  await run(id);
  expect(await stateOf(id)).toMatchObject({ state: "bought", externalId: model.describeReserved()[0]?.id });
  expect(sold()).toEqual([4]);
});

it.each(["purchases.ask recorded", "purchases.buy before", "purchases.buy answered", "purchases.buy recorded"])(
  "is bought at most once when the process ends at: %s",
  async (point) => {
    const id = await planned();
    crashAt = point;
    await run(id);
    crashAt = undefined;
    for (let again = 0; again < 3; again++) await run(id);
    expect(sold().length).toBeLessThanOrEqual(1);
    const { state, guards } = await stateOf(id);
    if (sold().length === 1) {
      expect(state).toBe("bought");
      expect(await held()).toMatchObject([{ externalId: model.describeReserved()[0]?.id }]);
    }
    // Nothing was sold, and nobody can tell: a person is asked once what could show would show.
    else {
      expect({ state, guards }).toEqual({ state: "buying", guards: ["purchase_unsettled"] });
      now = () => new Date(Date.now() + 16 * 60_000);
      await run(id);
      expect(await stateOf(id)).toMatchObject({ state: "buying", guards: ["purchase_unknown"], due: true });
      expect(sold()).toEqual([]);
    }
  },
);

it("two of the same product are two purchases, also when both answers are lost", async () => {
  const [one, other] = [await planned(), await planned()];
  model.faults.loseAnswers(BUY, 2);
  await Promise.all([run(one), run(other)]);
  // One of a region at a time: who came too late is due still.
  for (let again = 0; again < 4; again++) for (const id of [one, other]) await run(id);
  expect(sold()).toEqual([4, 4]);
  const states = [await stateOf(one), await stateOf(other)];
  expect(states.map(({ state }) => state)).toEqual(["bought", "bought"]);
  expect(new Set(states.map(({ externalId }) => externalId)).size).toBe(2);
});

it("is not bought while no pool lets it, nor above the price of the plan", async () => {
  await owner.query("update pool set reservation_purchases = 'off'");
  const id = await planned();
  await run(id);
  expect(await stateOf(id)).toMatchObject({ state: "planned", guards: ["purchases_off"], due: true });
  await owner.query("update pool set reservation_purchases = 'on', machine_types = '{r7i.large}'");
  await run(id);
  expect(await stateOf(id)).toMatchObject({ guards: ["purchases_off"] });
  await owner.query("update pool set machine_types = '{m7i.4xlarge}'");
  const dear = await planned({ upfront: -1 });
  await run(dear);
  expect(await stateOf(dear)).toMatchObject({ state: "planned", guards: ["price_above_plan"] });
  expect(sold()).toEqual([]);
});

it("goes back to planned where EC2 refuses it for sure, and is bought once it sells", async () => {
  const id = await planned();
  model.faults.refuseNext(BUY, new Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503));
  await run(id);
  expect(await stateOf(id)).toMatchObject({ state: "planned", guards: ["purchase_refused"], due: true });
  expect(sold()).toEqual([]);
  await run(id);
  expect(await stateOf(id)).toMatchObject({ state: "bought", guards: [] });
  expect(sold()).toEqual([4]);
});

it("asked for anew is not bought again where EC2 shows the first after all", async () => {
  const id = await planned();
  model.faults.loseAnswers(BUY);
  await run(id);
  // As an operator's retry has it, who saw nothing of it yet.
  await owner.query("update reservation_purchase set state = 'planned', next_check_at = now() where id = $1", [id]);
  await run(id);
  expect(sold()).toEqual([4]);
  expect(await stateOf(id)).toMatchObject({ state: "bought", externalId: model.describeReserved()[0]?.id, guards: [] });
  expect(await held()).toMatchObject([{ externalId: model.describeReserved()[0]?.id, count: 4 }]);
});
