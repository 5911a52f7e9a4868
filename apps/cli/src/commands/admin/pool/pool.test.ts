import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const POOL = {
  id: "pool_1",
  kube_id: "kube_1",
  name: "memory",
  zones: ["a", "b"],
  machine_types: ["r7i.2xlarge"],
  instances_per_machine: 16,
  cpu_limit_percent: 400,
  empty_after_seconds: 600,
  max_machines: 40,
  max_price_per_hour: { amount: "40.000000000000", currency: "USD" },
  tenant_share_percent: 50,
  headroom_instances: 2,
  headroom_cpu_millis: 750,
  headroom_memory_bytes: 4 * 2 ** 30,
  held_zones: [],
  rebalance_mode: "automatic",
  rebalance_min_saving_per_month: { amount: "10.000000000000", currency: "USD" },
  rebalance_max_automatic_moves: 4,
  reservation_purchases: "off",
  image_id: "ami-00000000",
  subnet_ids: { a: "subnet-00000001" },
  security_group_ids: [],
  instance_profile: null,
  machines: 3,
  generation: 7,
  created_at: "2026-11-28T00:00:00Z",
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

async function pool(words: readonly string[], answer: FakeAnswer = { body: POOL }) {
  api = await startFakeApi(({ method }) =>
    method === "PATCH" ? answer : { body: POOL, headers: { etag: '"g7.s3"' } },
  );
  return run(["admin", "pool", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}
const last = () => api.requests.at(-1);

test("one pool is shown with all of its policy", async () => {
  const { code, out } = await pool(["get", "pool_1"]);
  expect({ code, path: last()?.path }).toEqual({ code: 0, path: "/v1/admin/pools/pool_1" });
  expect(out).toContain("memory (pool_1)");
  expect(out).toMatch(/^Machines: +3 of at most 40$/m);
  expect(out).toMatch(/^Spend cap: +\$40\.00 an hour for its machines$/m);
  expect(out).toMatch(/^Headroom: +for 2 instances of 750m and 4 ?GiB? in each zone$/m);
  expect(out).toMatch(
    /^Rebalance: +automatic: plans that save \$10\.00 a month or more, .+ move at most 4 instances$/m,
  );
  expect(out).toMatch(/^Subnets: +a=subnet-00000001$/m);
});

test.each([
  [["--max-machines", "80"], { max_machines: 80 }],
  [
    ["--max-price-per-hour", "12.5", "--tenant-share-percent", "40", "--held-zones", "a"],
    { max_price_per_hour: { amount: "12.5", currency: "USD" }, tenant_share_percent: 40, held_zones: ["a"] },
  ],
  [["--max-price-per-hour", "none", "--held-zones", "none"], { max_price_per_hour: null, held_zones: [] }],
  [
    ["--headroom-instances", "3", "--headroom-cpu-millis", "500", "--headroom-memory", "2g"],
    { headroom_instances: 3, headroom_cpu_millis: 500, headroom_memory_bytes: 2 * 2 ** 30 },
  ],
  [
    ["--rebalance", "propose", "--rebalance-min-saving", "25", "--rebalance-max-automatic-moves", "3"],
    {
      rebalance_mode: "propose",
      rebalance_min_saving_per_month: { amount: "25", currency: "USD" },
      rebalance_max_automatic_moves: 3,
    },
  ],
  [["--zones", "a,b,c", "--empty-after-seconds", "0"], { zones: ["a", "b", "c"], empty_after_seconds: 0 }],
  [["--subnet", "a=subnet-1", "--subnet", "b=subnet-2"], { subnet_ids: { a: "subnet-1", b: "subnet-2" } }],
])("%j sends what was given and nothing else, of the version that was read", async (words, body) => {
  expect(await pool(["update", "pool_1", ...words])).toMatchObject({ code: 0, err: "" });
  expect(last()).toMatchObject({ method: "PATCH", path: "/v1/admin/pools/pool_1", headers: { "if-match": '"g7.s3"' } });
  expect(last()?.body).toEqual(body);
});

test("no change is a usage error and asks for nothing", async () => {
  expect(await pool(["update", "pool_1"])).toMatchObject({ code: EXIT_CODES.usage, out: "" });
  expect(api.requests).toEqual([]);
});

test("another operator's change is not lost: what to do is said", async () => {
  const words = ["update", "pool_1", "--max-machines", "80"];
  const { code, out, err } = await pool(words, problem(412, "precondition_failed"));
  expect({ code, out }).toEqual({ code: EXIT_CODES.conflict, out: "" });
  expect(err).toContain("nothing of yours was stored");
  expect(err).toContain("berth admin pool get pool_1");
});
