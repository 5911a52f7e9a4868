import type { PackingStudyId } from "@berth/domain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { insertCluster } from "./insert-cluster.ts";
import { acquireLease } from "./leases.ts";
import { studyStore } from "./loops/studies.ts";
import { findLastColdPlans, forgetOldStudies, queueNightlyColdPlans } from "./packing-studies.ts";
import { makeKube, makeTenant, newCluster } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
let kube: Awaited<ReturnType<typeof makeKube>>;
beforeAll(async () => {
  db = await openMigratedDatabase();
  const tenant = await makeTenant(db);
  kube = await makeKube(db, tenant.organizationId);
  await makeKube(db, tenant.organizationId, "eu-west-1"); // Nothing runs there.
  const cluster = await newCluster(tenant, kube.kubeId);
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
});
afterAll(() => db.close());

const REQUEST = { kind: "cold_plan", seconds: 1, boundSeconds: 1, seed: 1 };

it("a cold plan is asked for once a UTC day, of kubes with clusters alone, by however many workers at once", async () => {
  const ask = () => queueNightlyColdPlans(db.worker, ids, { hour: 0, request: REQUEST });
  const asked = await Promise.all([ask(), ask(), ask()]);
  expect(asked.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(await ask()).toBe(0);
  const rows = await db.owner.query("select kube_id, kind, created_by, request from packing_study");
  expect(rows).toEqual([{ kube_id: kube.kubeId, kind: "cold_plan", created_by: "system", request: REQUEST }]);
  await db.owner.query("update packing_study set nightly_on = nightly_on - 1");
  expect(await queueNightlyColdPlans(db.worker, ids, { hour: 24, request: REQUEST })).toBe(0); // Its hour has not come.
  expect(await ask()).toBe(1);
});

it("a fleet is what must run: in any of its zones while it has no volume, and where that is ever after", async () => {
  const store = studyStore(db.worker.pool);
  const zones = async () => (await store.findFleet(kube.kubeId))?.instances.map((one) => one.zones.length);
  expect(await zones()).toEqual([3, 3, 3]);
  await db.owner.query("update instance set volume_name = 'vol-1' where ordinal = 0");
  expect((await zones())?.toSorted()).toEqual([1, 3, 3]);
  await db.owner.query("update cluster set purge_at = now() + interval '1 day'");
  expect(await zones()).toEqual([]);
  await db.owner.query("update cluster set purge_at = null");
});

it("is due again when nothing is told of it for a while, and never after its end", async () => {
  const store = studyStore(db.worker.pool);
  const [row] = await db.owner.query<{ id: PackingStudyId }>("select id from packing_study limit 1");
  const id = row?.id ?? ("" as PackingStudyId);
  const lease = await acquireLease(db.worker, `study/${id}`, "me", 10_000);
  if (lease === undefined) throw new Error("it is free");
  const dueIn = async () => {
    const [one] = await db.owner.query<{ ms: number | null }>(
      "select extract(epoch from next_check_at - now())::float8 * 1000 as ms from packing_study where id = $1",
      [id],
    );
    return one?.ms;
  };
  await store.recordStarted(lease, id);
  expect(await dueIn()).toBeGreaterThan(20_000);
  await store.recordStarted(lease, id);
  expect(await store.find(id)).toMatchObject({ state: "running", attempts: 2, request: REQUEST });
  await store.recordFailure(lease, id, { code: "not_a_case", message: "no" });
  expect(await dueIn()).toBeNull();
});

it("old studies go, but for the last cold plan of each kube", async () => {
  const at = async (days: number, over: { kind?: string; state?: string } = {}) => {
    const { kind = "cold_plan", state = "succeeded" } = over;
    const id = ids.next("packingStudy");
    await db.owner.query(
      `insert into packing_study (id, kube_id, kind, state, request, created_by, result, finished_at, next_check_at)
       values ($1, $2, $3, $4, '{}', 'system', $5, now() - $6::int * interval '1 day', null)`,
      [id, kube.kubeId, kind, state, state === "succeeded" ? "{}" : null, days],
    );
    return id;
  };
  const gone = [await at(90), await at(40, { kind: "simulation" }), await at(31, { state: "failed" })];
  const last = await at(60);
  const young = await at(2, { kind: "density_curve" });
  expect(await forgetOldStudies(db.worker)).toBe(3);
  const left = (await db.owner.query<{ id: string }>("select id from packing_study")).map(({ id }) => id);
  expect(left).toEqual(expect.arrayContaining([last, young]));
  for (const id of gone) expect(left).not.toContain(id);
  expect((await findLastColdPlans(db.worker, {})).map(({ id }) => id)).toEqual([last]);
});
