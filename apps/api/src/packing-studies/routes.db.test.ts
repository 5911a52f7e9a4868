import { acquireLease, studyStore } from "@berth/db";
import type { PackingStudyId } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { A_COLD_PLAN } from "../testing/one-of-each.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let kubeId: string;
beforeAll(async () => {
  api = await startTestApi();
  const [kube] = await api.owner.query<{ id: string }>("select id from kube limit 1");
  kubeId = kube?.id ?? "";
});
afterAll(() => api.close());

const ask = (method: string, path: string, body?: object) =>
  api.ask(method, `/v1/admin/${path}`, { key: api.operator.key, ...(body === undefined ? {} : { body }) });
const create = async (body: object) => {
  const answer = await ask("POST", "packing_studies", { kube_id: kubeId, ...body });
  expect(answer.statusCode, answer.body).toBe(202);
  return answer.json();
};
/** What a worker does with it. */
async function asWorker(
  id: string,
  record: (
    store: ReturnType<typeof studyStore>,
    lease: NonNullable<Awaited<ReturnType<typeof acquireLease>>>,
  ) => Promise<void>,
): Promise<void> {
  const lease = await acquireLease(api.owner, `study/${id}`, "test", 10_000);
  if (lease === undefined) throw new Error("nobody else has it");
  await record(studyStore(api.owner.pool), lease);
}

describe("packing studies", () => {
  it("202: asked for, due at once, and with what was left open filled in", async () => {
    const study = await create({ kind: "cold_plan", seconds: 7 });
    expect(study).toMatchObject({ kind: "cold_plan", state: "queued", progress: { percent: 0, step: null } });
    const [row] = await api.owner.query<{ request: object; due: boolean }>(
      "select request, next_check_at <= now() as due from packing_study where id = $1",
      [study.id],
    );
    expect(row).toEqual({ request: { kind: "cold_plan", seed: 1, seconds: 7, boundSeconds: 60 }, due: true });
    expect((await ask("GET", `packing_studies/${study.id}`)).json()).toEqual(study);
  });

  it("shows how far it has come, and its result and files when it has succeeded", async () => {
    const { id } = await create({ kind: "cold_plan" });
    await asWorker(id, async (store, lease) => {
      const study = id as PackingStudyId;
      await store.recordStarted(lease, study);
      await store.recordProgress(lease, study, { percent: 40, step: "bound" });
      expect((await ask("GET", `packing_studies/${id}`)).json()).toMatchObject({
        state: "running",
        progress: { percent: 40, step: "bound" },
        started_at: expect.any(String),
      });
      const files = { types: "[1]", instances: "[2]", certificate: "{}" };
      await store.recordResult(lease, study, { result: A_COLD_PLAN, files });
    });
    const { cold_plan, state, progress } = (await ask("GET", `packing_studies/${id}`)).json();
    expect([state, progress.percent]).toEqual(["succeeded", 100]);
    expect(cold_plan).toMatchObject({
      fleet_cost_ratio: 2.016,
      plan_cost_ratio: 1.008,
      lower_bound_per_hour: { amount: "0.200000000000" },
      recoverable_per_hour: { amount: "0.201600000000" },
      verified: true,
    });
    const file = await ask("GET", `packing_studies/${id}/file?format=instances`);
    expect([file.body, file.headers["content-type"]]).toEqual(["[2]", "application/json; charset=utf-8"]);
    expect((await ask("GET", "packing/history")).json().cold_plans).toHaveLength(1);
    // Moves are looked for next.
    const asked = "select 1 from rebalance where id = $1 and asked_at is not null and next_check_at <= now()";
    expect(await api.owner.query(asked, [kubeId])).toHaveLength(1);
    expect((await ask("GET", "packing/history?until=2026-01-01T00:00:00Z")).json().cold_plans).toEqual([]);
    expect((await ask("GET", "packing")).json().cold_plans).toMatchObject([
      { packing_study_id: id, kube_id: kubeId, fleet_cost_ratio: 2.016, verified: true },
    ]);
  });

  it("a lease that somebody else has by now records nothing", async () => {
    const { id } = await create({ kind: "cold_plan" });
    await asWorker(id, async (store, lease) => {
      await api.owner.query("update lease set epoch = epoch + 1, holder = 'another' where name = $1", [lease.name]);
      await expect(store.recordStarted(lease, id as PackingStudyId)).rejects.toThrow("not held any more");
    });
    expect((await ask("GET", `packing_studies/${id}`)).json().state).toBe("queued");
  });

  it("lists by kind and state, and says what a simulation changes", async () => {
    const whatIf = {
      without_families: ["m7i"],
      without_zones: ["us-east-1a"],
      customers: 1.5,
      new_clusters: [{ clusters: 50, instances: 3, size: "8g" }],
      instances_per_machine: 4,
    };
    const { id } = await create({ kind: "simulation", what_if: whatIf });
    const { data } = (await ask("GET", "packing_studies?kind=simulation&state=queued")).json();
    expect(data).toMatchObject([{ id, what_if: whatIf, simulation: null }]);
  });

  it.each([
    [{ without_zones: ["us-east-1a", "us-east-9z"] }, "/what_if/without_zones/1", "us-east-1a, us-east-1b, us-east-1c"],
    [{ without_families: ["m6a"] }, "/what_if/without_families/0", "m7i, r7i"],
    [{ new_clusters: [{ clusters: 1, instances: 1, size: "9g" }] }, "/what_if/new_clusters/0/size", "GET /v1/sizes"],
    [{ new_clusters: [{ clusters: 10_000, instances: 12, size: "8g" }] }, "/what_if/new_clusters", "100000 instances"],
  ])("422: %j names what the kube does not have, and what it has", async (what_if, pointer, has) => {
    const refused = await ask("POST", "packing_studies", { kind: "simulation", kube_id: kubeId, what_if });
    expect(refused.statusCode).toBe(422);
    expect(refused.json().errors).toMatchObject([{ pointer, detail: expect.stringContaining(has) }]);
  });

  it("422: a kube that there is not", async () => {
    const body = { kind: "density_curve", kube_id: "kub_01jd0v6m3pf8tb2k7n5xq4w9ze" };
    expect((await ask("POST", "packing_studies", body)).json().errors).toMatchObject([{ code: "unknown_kube" }]);
  });

  it("409: what is no cold plan, or has not succeeded, has no files", async () => {
    const { id } = await create({ kind: "density_curve" });
    const refused = await ask("GET", `packing_studies/${id}/file`);
    expect([refused.statusCode, refused.json().code]).toEqual([409, "invalid_state"]);
    expect(refused.json().detail).toContain("density_curve, queued");
  });
});
