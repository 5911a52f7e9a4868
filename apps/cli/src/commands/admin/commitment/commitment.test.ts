import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const RESERVED = {
  id: "cmt_1",
  kind: "reserved_instances",
  state: "active",
  region: "us-east-1",
  zone: null,
  machine_type: "m7i.xlarge",
  family: null,
  offering_class: "standard",
  term: "1y",
  payment_option: "no_upfront",
  count: 4,
  upfront: usd("0.000000000000"),
  per_hour: usd("0.133360000000"),
  commitment_per_hour: null,
  account: null,
  external_id: "ri-1",
  source: "operator",
  starts_at: "2026-11-02T09:00:00.000Z",
  ends_at: "2027-11-02T09:00:00.000Z",
  created_at: "2026-11-03T09:00:00.000Z",
};
const PLAN = {
  ...RESERVED,
  id: "cmt_2",
  kind: "compute_savings_plan",
  region: null,
  machine_type: null,
  offering_class: null,
  count: null,
  upfront: null,
  per_hour: null,
  commitment_per_hour: usd("2.500000000000"),
};
const MONTHS = [
  { month: "2027-11", commitments: 1, per_hour: usd("0.533440000000"), share: 0.175869 },
  { month: "2028-01", commitments: 2, per_hour: usd("0.100000000000"), share: 0.03 },
];

const UNITS = { eligible: 32, reserved: 24, planned: 0, coverage: 0.75 };
const USAGE = {
  since: "2026-11-01T00:00:00.000Z",
  until: "2026-11-01T01:00:00.000Z",
  without_commitments: usd("0.800000000000"),
  cost: usd("0.680000000000"),
  on_demand: usd("0.200000000000"),
  saved: usd("0.120000000000"),
  coverage: 0.75,
  families: [{ region: "us-east-1", family: "m7i", ...UNITS }],
  commitments: [
    {
      commitment_id: "cmt_1",
      kind: "reserved_instances",
      purchased: 32,
      used: 24,
      utilization: 0.75,
      cost: usd("0.480000000000"),
      unused_cost: usd("0.120000000000"),
    },
  ],
  hours: [{ at: "2026-11-01T00:00:00.000Z", ...UNITS, on_demand: usd("0.200000000000") }],
  unbilled_machine_types: ["m9z.large"],
  unrated_commitments: ["cmt_2"],
  left_out_purchases: [{ external_id: "ri-windows", region: "us-east-1", because: "not_ours_to_cover" }],
  price_books: [
    { price_book_id: "pbk_1", kind: "compute_savings_plan", region: "us-east-1", version: 2, source: "a list" },
  ],
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());
async function commitment(words: readonly string[], answer?: FakeAnswer) {
  api = await startFakeApi(({ method, path }) => {
    if (answer !== undefined) return answer;
    if (method === "DELETE") return { status: 204 };
    if (method === "POST" && path.endsWith("/commitment_imports"))
      return { status: 201, body: { data: [RESERVED, PLAN] } };
    if (method === "POST") return { status: 201, body: RESERVED };
    if (path === "/v1/admin/commitment_usage") return { body: USAGE };
    if (path === "/v1/admin/commitment_expiries") return { body: { months: MONTHS } };
    if (path === "/v1/admin/commitments") return { body: { data: [RESERVED, PLAN], next_page_token: null } };
    return { body: PLAN };
  });
  return run(["admin", "commitment", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}
const sent = () => api.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
const REGISTER =
  "register --kind reserved_instances --term 1y --payment no_upfront --starts 2026-11-02T09:00:00Z".split(" ");

test("what was bought is sent as it was said, and shown as it is known now", async () => {
  const more = "--region us-east-1 --machine-type m7i.xlarge --class standard --count 4 --upfront 0 --per-hour 0.13336";
  const { code, out, err } = await commitment([...REGISTER, ...more.split(" ")]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(sent()).toEqual([
    {
      kind: "reserved_instances",
      region: "us-east-1",
      machine_type: "m7i.xlarge",
      offering_class: "standard",
      term: "1y",
      payment_option: "no_upfront",
      count: 4,
      upfront: usd("0"),
      per_hour: usd("0.13336"),
      starts_at: "2026-11-02T09:00:00.000Z",
    },
  ]);
  expect(out).toMatch(/^Covers: +us-east-1 m7i\.xlarge$/m);
  expect(out).toMatch(/^Price: +4 times ~?\$0\.1333 an hour and \$0\.00 at the start$/m);
});

test.each([
  [["--per-hour", "free"], "Dollars"],
  [["--class", "light"], "standard"],
  [["--starts", "soon"], "A time"],
])("%j is a usage error and sends nothing", async (words, message) => {
  const { code, err } = await commitment([...REGISTER, ...words]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain(message);
  expect(sent()).toEqual([]);
});

test("a refusal is shown with its sentence", async () => {
  const detail = "cmt_1 is this purchase, or cannot be told from it: give each an external_id.";
  const { code, err } = await commitment(REGISTER, problem(409, "already_registered", { detail }));
  expect(code).not.toBe(0);
  expect(err).toContain("give each an external_id");
});

test("a file is sent as it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-commitments-"));
  const file = join(folder, "commitments.csv");
  await writeFile(file, "kind,term\ncompute_savings_plan,1y\n");
  const { out } = await commitment(["import", file]);
  await rm(folder, { recursive: true });
  expect(sent()).toEqual([{ csv: "kind,term\ncompute_savings_plan,1y\n" }]);
  expect(out).toMatch(/^compute_savings_plan +everywhere +- +1y +no_upfront +\$2\.50 +active +2027-11-02 +cmt_2$/m);
});

test("commitments are listed by kind and state, shown, and forgotten", async () => {
  const { out } = await commitment(["list", "--kind", "compute_savings_plan", "--state", "active"]);
  expect(out).toMatch(/^reserved_instances +us-east-1 m7i\.xlarge +4 +1y /m);
  expect(api.requests.at(-1)?.query.get("state")).toBe("active");
  await api.close();
  expect((await commitment(["get", "cmt_2"])).out).toMatch(/^Price: +\$2\.50 an hour$/m);
  await api.close();
  const gone = await commitment(["delete", "cmt_2"]);
  expect(gone).toMatchObject({ code: 0 });
  expect(api.requests.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/admin/commitments/cmt_2" });
});

test("months are shown with what ends in them, and the cliffs among them", async () => {
  const { out } = await commitment(["expiries"]);
  expect(out).toMatch(/^2027-11 +1 +~?\$0\.5334 +17\.6% +over a sixth$/m);
  expect(out).toMatch(/^2028-01 +2 +\$0\.10 +3\.0% +-$/m);
});

test("usage is shown by family and commitment, or hour by hour, and says what is left out", async () => {
  const { out, err } = await commitment(["usage", "--since", "2026-11-01"]);
  expect(out).toMatch(/^It cost: +\$0\.68, of that \$0\.20 on demand$/m);
  expect(out).toMatch(/^us-east-1 +m7i +32\.0 +24\.0 +0\.0 +75%$/m);
  expect(out).toMatch(/^cmt_1 +reserved_instances +75% +\$0\.48 +\$0\.12$/m);
  expect(err).toContain("m9z.large");
  expect(api.requests.at(-1)?.query.get("since")).toBe("2026-11-01T00:00:00.000Z");
  await api.close();
  const hourly = await commitment(["usage", "--hours"]);
  expect(hourly.out).toMatch(/^2026-11-01T00:00:00\.000Z +32\.0 +24\.0 +0\.0 +75% +\$0\.20$/m);
});
