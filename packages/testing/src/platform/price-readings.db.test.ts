import { randomUUID } from "node:crypto";
import { createLeases, type Database, ensurePriceReadings, priceReadingStore } from "@berth/db";
import { idFromUuid, type PriceReadingId, type RunId } from "@berth/domain";
import { createAwsPrices } from "@berth/ec2";
import { type CloudPriceList, PortError, type PriceSource } from "@berth/ports";
import { systemIds } from "@berth/runtime";
import { createEc2Model, realSimulationClock, SIMULATED_ACCESS_KEY, startEc2Server } from "@berth/simulator";
import { type PriceLoopDeps, reconcilePriceReading } from "@berth/worker";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createMigratedDatabase } from "./migrated-database.ts";

const RUN = idFromUuid("run", randomUUID()) as RunId;
const READING = systemIds.next("priceReading") as PriceReadingId;
let owner: Database;
let worker: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ owner, worker, drop } = await createMigratedDatabase());
  await owner.query(
    "insert into kube (id, name, region, api_server_url) values ('kub_1', 'k', 'us-east-1', 'https://k')",
  );
  await owner.query(
    "insert into pool (id, kube_id, name, machine_types) values ('pool_1', 'kub_1', 'p', '{m7i.xlarge}')",
  );
  await owner.query("insert into organization (id, name, kind) values ('org_1', 'us', 'platform')");
});
beforeEach(async () => {
  await owner.query("delete from price_book");
  await owner.query("delete from event");
  await owner.query("delete from price_reading");
  await owner.query("insert into price_reading (id, region) values ($1, 'us-east-1')", [READING]);
});
afterAll(() => drop());

const reserved = (machineType: string, usdPerHour: string) => ({
  machineType,
  years: 1,
  offeringClass: "standard",
  payment: "No Upfront",
  upfrontUsd: "0",
  usdPerHour,
});
const LIST: CloudPriceList = {
  edition: "20261120",
  onDemand: [
    { machineType: "m7i.xlarge", usdPerHour: "0.2016000000" },
    { machineType: "m7i.large", usdPerHour: "0.1008000000" },
    { machineType: "u-6tb1.metal", usdPerHour: "0.0000000000" },
  ],
  reserved: [
    reserved("m7i.xlarge", "0.1333600000"),
    reserved("u-6tb1.metal", "18.0000000000"),
    { ...reserved("m7i.xlarge", "0.12"), years: 2 },
  ],
};
const PLAN_RATES = [{ machineType: "m7i.xlarge", years: 3, payment: "All Upfront", usdPerHour: "0.0932465" }];

async function read(list: Partial<CloudPriceList> | Error, rates = PLAN_RATES, more: Partial<PriceLoopDeps> = {}) {
  const source: PriceSource = {
    name: "aws",
    priceList: async () => {
      if (list instanceof Error) throw list;
      return { ...LIST, ...list };
    },
    planRates: async () => rates,
  };
  const deps: PriceLoopDeps = {
    leases: createLeases(worker, { holder: "w", ttlMs: 10_000, onRenewalError: () => {} }),
    store: priceReadingStore(worker.pool, systemIds),
    source,
    clock: { now: () => new Date("2026-11-29T04:00:00.000Z") },
    everyMs: 86_400_000,
    ...more,
  };
  await reconcilePriceReading(deps, READING, RUN);
  const [row] = await owner.query<{
    books: { kind: string; outcome: string; version: number | null; leftOut: number; faults: string[] }[];
    guards: { name: string; subject: string; hint: string }[];
    inMs: number;
  }>(
    `select books, waiting_for as guards, (extract(epoch from next_check_at - now()) * 1000)::float8 as "inMs" from price_reading`,
  );
  if (row === undefined) throw new Error("the reading is gone");
  return row;
}
const outcomes = ({ books }: Awaited<ReturnType<typeof read>>) =>
  books.map(({ outcome, version, leftOut }) => [outcome, version, leftOut]);
const storedBooks = () =>
  owner.query<{ kind: string; source: string; prices: unknown }>(
    "select kind, version, source, prices from price_book order by version",
  );
const alarms = async () =>
  (await owner.query("select type from event where type = 'price_reading.held' and organization_id = 'org_1'")).length;

it("makes a book of each kind, says where and when it was read, and none of what has not changed", async () => {
  expect(outcomes(await read({}))).toEqual([
    ["new_version", 1, 1],
    ["new_version", 2, 2],
    ["new_version", 3, 0],
    ["new_version", 4, 0],
  ]);
  const books = await storedBooks();
  expect(books).toMatchObject([
    {
      kind: "on_demand",
      source: "aws 2026-11-29 (price list 20261120)",
      prices: { "m7i.xlarge": 201_600, "m7i.large": 100_800 },
    },
    {
      kind: "reserved_instances",
      prices: { "m7i.xlarge": [{ term: "1y", hourlyMicroUsd: 133_360, upfrontMicroUsd: 0 }] },
    },
    {
      kind: "compute_savings_plan",
      source: "aws 2026-11-29 (savings plan rates)",
      prices: { "m7i.xlarge": [{ term: "3y", paymentOption: "all_upfront", hourlyMicroUsd: 93_247 }] },
    },
    { kind: "ec2_instance_savings_plan" },
  ]);
  const again = await read({ edition: "20261121", onDemand: LIST.onDemand.toReversed() });
  expect(outcomes(again).map(([outcome]) => outcome)).toEqual(Array(4).fill("unchanged"));
  expect(again.inMs).toBeGreaterThan(86_000_000);
  expect(await storedBooks()).toEqual(books);
  expect(await alarms()).toBe(0);
});

const XLARGE = { machineType: "m7i.xlarge", usdPerHour: "0.2016" };
it.each([
  ["missing", [{ machineType: "m7i.large", usdPerHour: "0.1" }], "price_missing"],
  ["an empty text", [{ ...XLARGE, usdPerHour: "" }], "malformed_line"],
  ["zero", [{ ...XLARGE, usdPerHour: "0.0000000000" }], "price_not_positive"],
  ["negative", [{ ...XLARGE, usdPerHour: "-0.2016" }], "price_not_positive"],
  ["no number", [{ ...XLARGE, usdPerHour: "NaN" }], "not_a_price"],
  ["a thousand times as much", [{ ...XLARGE, usdPerHour: "201.6" }], "price_jumped"],
  ["there twice", [XLARGE, { ...XLARGE, usdPerHour: "0.3" }], "duplicate_type"],
])(
  "a price that is %s refuses its list by name, rates are read all the same, and what held holds on",
  async (_, onDemand, rule) => {
    await read({});
    const before = await storedBooks();
    const refused = await read({ onDemand, reserved: [reserved("m7i.xlarge", "0.13")] });
    expect(outcomes(refused).map(([outcome]) => outcome)).toEqual(["refused", "new_version", "unchanged", "unchanged"]);
    expect(refused.books[0]?.faults[0]).toMatch(new RegExp(`^m7i\\.xlarge: .+ \\(${rule}\\)$`));
    expect(refused.guards).toMatchObject([
      { name: "price_list_refused", subject: "us-east-1/on_demand", hint: expect.stringContaining(`(${rule})`) },
    ]);
    expect((await storedBooks()).slice(0, 4)).toEqual(before);
    expect(await alarms()).toBe(1);
    // The next day it is the same fault: nobody is told again, and once it is mended nothing is held.
    expect((await read({}, PLAN_RATES)).guards).toEqual([]);
  },
);

it("rates that cannot be meant refuse their own list alone", async () => {
  await read({});
  const refused = await read({ reserved: [reserved("m7i.xlarge", "133.36")] }, [
    { machineType: "m7i.xlarge", years: 1, payment: "No Upfront", usdPerHour: "0" },
  ]);
  expect(outcomes(refused)).toEqual([
    ["unchanged", 1, 1],
    ["refused", 2, 0],
    ["refused", 3, 0],
    ["refused", 4, 0],
  ]);
  expect(refused.guards.map(({ hint }) => hint.match(/\((\w+)\)/)?.[1])).toEqual([
    "rate_above_price",
    "price_not_positive",
    "price_not_positive",
  ]);
  expect(await alarms()).toBe(1);
});

it("rates without a type in use that had some are refused, and taken once it is left out", async () => {
  const LARGE = reserved("m7i.large", "0.06668");
  await read({ reserved: [...LIST.reserved, LARGE] });
  const less = await read({ reserved: [LARGE] }, [
    { machineType: "m7i.large", years: 3, payment: "All Upfront", usdPerHour: "0.0466" },
  ]);
  expect(less.books.map(({ outcome, version }) => [outcome, version])).toEqual([
    ["unchanged", 1],
    ["refused", 2],
    ["refused", 3],
    ["refused", 4],
  ]);
  expect(less.guards[0]).toMatchObject({
    name: "price_list_refused",
    hint: expect.stringMatching(
      /^m7i\.xlarge: .*price_missing.*berth admin price-book read --region us-east-1 --except/,
    ),
  });
  // One that nothing of ours is of may go.
  expect((await read({})).books[1]).toMatchObject({ outcome: "new_version" });
  await owner.query("update price_reading set except_types = '{m7i.xlarge}'");
  expect((await read({ reserved: [LARGE] })).books[1]).toMatchObject({ outcome: "new_version" });
});

it("a type that an operator left out is in no book and refuses none", async () => {
  await owner.query("update price_reading set except_types = '{m7i.xlarge}'");
  const { books } = await read({
    onDemand: [
      { ...XLARGE, usdPerHour: "0" },
      { machineType: "m7i.large", usdPerHour: "0.1" },
    ],
  });
  expect(books[0]).toMatchObject({ outcome: "new_version", leftOut: 1 });
  expect((await storedBooks())[0]?.prices).toEqual({ "m7i.large": 100_000 });
});

it("what AWS refuses holds the reading back by name; it is asked for ever later, and the third failure is an alarm", async () => {
  await read({});
  const before = await storedBooks();
  const denied = new PortError("denied", "GetProducts: AccessDeniedException: not authorized");
  const waits: number[] = [];
  for (let failure = 1; failure <= 4; failure++) {
    const { guards, inMs } = await read(denied);
    expect(guards).toMatchObject([
      { name: "access_denied", subject: "us-east-1", hint: expect.stringContaining("GetProducts") },
    ]);
    waits.push(Math.round(inMs / 60_000));
    expect(await alarms()).toBe(failure < 3 ? 0 : 1);
  }
  expect(waits).toEqual([1, 2, 4, 8]);
  expect(await storedBooks()).toEqual(before);
  expect((await read({})).guards).toEqual([]);
});

it("the simulated AWS's whole list makes books that say that it is simulated", async () => {
  const model = createEc2Model({ clock: realSimulationClock(20), seed: 1, region: "us-east-1", zones: ["us-east-1a"] });
  const server = await startEc2Server({ model });
  const source = createAwsPrices({
    pricingEndpoint: server.url,
    savingsPlansEndpoint: server.url,
    credentials: SIMULATED_ACCESS_KEY,
  });
  try {
    await owner.query("update price_reading set asked_at = now()");
    const row = await read({}, PLAN_RATES, { source, everyMs: undefined });
    expect(outcomes(row).map(([outcome]) => outcome)).toEqual(Array(4).fill("new_version"));
    expect(row.inMs).toBeNull();
    expect((await storedBooks())[0]?.source).toBe("aws by another endpoint 2026-11-29 (price list simulated)");
  } finally {
    source.close();
    await server.close();
  }
}, 120_000);

it("each region in which machines are launched gets a reading, and one that waits for its day is left alone", async () => {
  await owner.query(
    `insert into kube (id, name, region, api_server_url, is_static)
     values ('kub_2', 'k2', 'eu-1', 'https://k', false), ('kub_3', 'k3', 'eu-2', 'https://k', true)`,
  );
  await owner.query("update price_reading set next_check_at = now() + interval '1 hour'");
  for (let turn = 0; turn < 2; turn++) await ensurePriceReadings(worker, systemIds);
  const due = () =>
    owner.query(
      "select region, next_check_at <= now() + interval '1 ms' as due, asked_at from price_reading order by region",
    );
  expect(await due()).toEqual([
    { region: "eu-1", due: true, asked_at: null },
    { region: "us-east-1", due: false, asked_at: null },
  ]);
  // One that only waits to be asked for is read daily too, once that is wanted.
  await owner.query("update price_reading set next_check_at = null");
  await ensurePriceReadings(worker, systemIds);
  expect(await due()).toMatchObject([{ due: true }, { due: true }]);
});

it("is made only when it is asked for where readings are no more daily: what was imported since holds", async () => {
  await read({});
  // The next day, in a worker that was told to read on request.
  await owner.query("update price_reading set next_check_at = now()");
  const dearer = { onDemand: [{ ...XLARGE, usdPerHour: "0.3" }] };
  expect(await read(dearer, PLAN_RATES, { everyMs: undefined })).toMatchObject({ inMs: null, guards: [] });
  expect((await storedBooks()).filter(({ kind }) => kind === "on_demand")).toHaveLength(1);
  const ask = () =>
    owner.query("update price_reading set asked_at = now(), next_check_at = now(), wakes = wakes + 1 where id = $1", [
      READING,
    ]);
  await ask();
  // Asked for once more while it is read: that is still to be done.
  const rates = async () => {
    await ask();
    return PLAN_RATES;
  };
  const source: PriceSource = { name: "aws", priceList: async () => LIST, planRates: rates };
  const again = await read({}, PLAN_RATES, { everyMs: undefined, source });
  expect(again.inMs).toBeLessThanOrEqual(0);
  expect(outcomes(await read(dearer, PLAN_RATES, { everyMs: undefined }))[0]?.[0]).toBe("new_version");
});
