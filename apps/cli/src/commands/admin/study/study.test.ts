import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, type FakeRequest, startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const planned = (type: string, machines: number, price: string) => ({
  price_per_hour: usd(price),
  machines,
  instances: 30,
  machines_by_type: [{ machine_type: type, machines }],
  density: { mean: 30 / machines, max: 16 },
  blast_radius: { instances: 0.5, tenant: 0.25 },
  cost_ratio: 1.0084,
  zones: [{ zone: "a", instances: 30, share: 1 }],
});
const study = (over: object) => ({
  id: "stu_1",
  kube_id: "kub_1",
  kind: "simulation",
  state: "queued",
  progress: { percent: 0, step: null },
  what_if: { without_families: ["m6a"], customers: 2 },
  failure: null,
  cold_plan: null,
  density_curve: null,
  simulation: null,
  created_by: "key_1",
  created_at: "2026-11-28T00:00:00Z",
  started_at: null,
  finished_at: null,
  ...over,
});
const SIMULATED = study({
  state: "succeeded",
  simulation: {
    fleet_price_per_hour: usd("4.000000000000"),
    fleet_machines: 4,
    before: planned("m6a.xlarge", 3, "3.000000000000"),
    after: {
      ...planned("r7i.xlarge", 6, "7.500000000000"),
      instances_restored_elsewhere: 10,
      instances_without_place: 2,
    },
  },
});

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

/** Answers the n-th look at the study with the n-th of these, then with the last. */
async function berth(words: readonly string[], looks: readonly object[], kubes: readonly string[] = ["kub_1"]) {
  let look = 0;
  const answer = ({ method, path, query }: FakeRequest): FakeAnswer => {
    if (path.endsWith("/kubes")) return { body: { data: kubes.map((id) => ({ id })), next_page_token: null } };
    if (path.endsWith("/file")) return { body: { file: query.get("format") } };
    if (method === "POST") return { status: 202, body: study({}) };
    return { body: looks[Math.min(look++, looks.length - 1)] };
  };
  api = await startFakeApi(answer);
  return run(["admin", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("a simulation is asked for of the only kube, waited for, and shown beside what is", async () => {
  const words = [
    "simulate",
    "--without-family",
    "m6a",
    "--without-zone",
    "b",
    "--without-zone",
    "c",
    "--customers",
    "2",
    "--new-clusters",
    "50x3:8g",
  ];
  const { code, out } = await berth(words, [study({ state: "running" }), SIMULATED]);
  expect(code).toBe(EXIT_CODES.ok);
  expect(api.requests.find(({ method }) => method === "POST")?.body).toEqual({
    kind: "simulation",
    kube_id: "kub_1",
    what_if: {
      without_families: ["m6a"],
      without_zones: ["b", "c"],
      customers: 2,
      new_clusters: [{ clusters: 50, instances: 3, size: "8g" }],
    },
  });
  expect(out).toContain("What if: without m6a, 2 times the customers");
  expect(out).toMatch(/^\$\/hour +\$4\.00 +\$3\.00 +\$7\.50$/m);
  expect(out).toMatch(/^m6a\.xlarge +- +3 +0$/m);
  expect(out).toMatch(/^r7i\.xlarge +- +0 +6$/m);
  expect(out).toContain("10 instances had their volume in a zone that is out");
  expect(out).toContain("2 instances fit no machine type that is left");
});

test("with several kubes one must be named, and the failure says how to find it", async () => {
  const { code, err } = await berth(["simulate"], [], ["kub_1", "kub_2"]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain("berth admin kube list");
  expect(api.requests.some(({ method }) => method === "POST")).toBe(false);
});

test("a study that fails ends with 7, its reason and where to look", async () => {
  const failure = { code: "not_a_case", message: "No pool may launch anything", retryable: false, at: null };
  const { code, err, out } = await berth(["cold-plan", "create"], [study({ state: "failed", failure })]);
  expect([code, out]).toEqual([EXIT_CODES.operationFailed, ""]);
  expect(err).toContain("No pool may launch anything");
  expect(err).toContain("berth admin study get stu_1");
});

test("a wait that takes too long leaves the study alone, and says how to come back", async () => {
  const { code, err } = await berth(["density-curve", "--timeout", "50ms"], [study({ state: "running" })]);
  expect(code).toBe(EXIT_CODES.waitTimedOut);
  expect(err).toContain("berth admin study get stu_1");
});

test("a density curve says what each cap costs over none", async () => {
  const point = (instances_per_machine: number | null, over_uncapped: number) => {
    return {
      instances_per_machine,
      over_uncapped,
      price_per_hour: usd("3.000000000000"),
      machines: 3,
      density: { mean: 4.25, max: 8 },
    };
  };
  const density_curve = { points: [point(8, 0.038), point(null, 0)] };
  const { out } = await berth(
    ["study", "get", "stu_1"],
    [study({ kind: "density_curve", state: "succeeded", density_curve })],
  );
  expect(out).toMatch(/^ +8 +\$3\.00 +\+3\.8% +3 +4\.3 +8$/m);
  expect(out).toMatch(/^ +no cap +\$3\.00 +\+0\.0% /m);
});

test("the files of a proof are written where they are wanted, with the line that verifies them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-proof-"));
  try {
    const { code, err } = await berth(["study", "files", "stu_1", "--folder", join(folder, "new")], []);
    expect(code).toBe(EXIT_CODES.ok);
    expect(err).toContain("npm run verify -w packages/packing --");
    for (const name of ["types", "instances", "certificate"]) {
      expect(JSON.parse(await readFile(join(folder, "new", `${name}.json`), "utf8"))).toEqual({ file: name });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
