import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const PLAN = {
  id: "rsp_1",
  state: "proposed",
  created_by: "system",
  inputs_sha256: "ab".repeat(32),
  price_books: [{ id: "pbk_1", kind: "on_demand", region: "us-east-1", version: 2, source: "a list" }],
  purchases: 1,
  cost_usd: "1200.400000000",
  without_purchases_usd: "2000.000000000",
  failure: null,
  decided_by: null,
  reason: null,
  generation: 1,
  created_at: "2026-11-29T00:00:00.000Z",
  finished_at: "2026-11-29T00:00:05.000Z",
  decided_at: null,
  plan: {
    base: [
      {
        region: "us-east-1",
        kind: "packed",
        instances: 400,
        machines: 30,
        packedUsdPerHour: 9.6,
        ranUsdPerHour: 19.2,
        loadHours: 730,
        families: [{ family: "us-east-1/m6i", unit: "m6i.xlarge", ranUnits: 100, packedUnits: 50 }],
      },
      {
        region: "eu-west-1",
        kind: "ran",
        why: "no instance is there to pack.",
        ranUsdPerHour: 0.2,
        families: [{ family: "eu-west-1/m6i", unit: "m6i.xlarge", ranUnits: 1, packedUnits: 0 }],
      },
    ],
    leftOut: ["com_1: no rate of it is known."],
    purchases: [
      {
        product: "us-east-1/m7i 1y standard no_upfront",
        month: 0,
        units: 8,
        quote: [{ machineType: "m7i.4xlarge", instances: 2 }],
        upfrontUsd: 0,
        effectiveUsdPerHour: 1.06688,
        why: { utilization: 1, breakEvenMonth: 1, savedUsd: 800.4 },
      },
    ],
  },
};
const FAILED = {
  ...PLAN,
  state: "failed",
  purchases: null,
  cost_usd: null,
  without_purchases_usd: null,
  inputs_sha256: null,
  plan: null,
  failure: { code: "short_history", message: "A plan is made of a month of machines at least." },
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());
async function plan(words: readonly string[], made: object = PLAN) {
  let asked = 0;
  api = await startFakeApi(({ method, path }) => {
    if (path.endsWith("/file"))
      return (response) => response.writeHead(200, { "content-type": "application/json" }).end("{}\n");
    if (method === "POST") return { status: path.endsWith("plans") ? 202 : 200, body: { ...PLAN, state: "approved" } };
    if (path === "/v1/admin/reservation_plans") return { body: { data: [PLAN, FAILED], next_page_token: null } };
    asked += 1;
    return { body: asked === 1 && words[0] === "create" ? { ...FAILED, state: "planning", failure: null } : made };
  });
  return run(["admin", "reservation-plan", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("a plan is waited for, and shown with what to buy, when and why", async () => {
  const { code, out, err } = await plan(["create"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^Cost: +\$1200, and \$2000 without it$/m);
  expect(out).toMatch(
    /^ *0 +us-east-1\/m7i 1y standard no_upfront +2 m7i\.4xlarge +\$0\.00 +1\.0669 +100% +1 +\$800$/m,
  );
  expect(err).toContain("approve rsp_1");
});

test("a plan says what fleet it is for, and what it is without", async () => {
  const { out } = await plan(["get", "rsp_1"]);
  expect(out).toMatch(
    /^Demand: +us-east-1, packed: 400 instances on 30 machines, \$9\.60 an hour on demand for \$19\.20 an hour that ran: 50 m6i\.xlarge for 100 that ran$/m,
  );
  expect(out).toMatch(
    /^Demand: +eu-west-1, as it ran: \$0\.20 an hour on demand: 1 m6i\.xlarge\. Not packed: no instance is there to pack\.$/m,
  );
  expect(out).toMatch(/^Left out: +com_1: no rate of it is known\.$/m);
});

test("what failed and is tried again is shown while a plan is made", async () => {
  const { out } = await plan(["get", "rsp_1"], { ...FAILED, state: "planning" });
  expect(out).toMatch(/^Tried again: +short_history: /m);
});

test("one that could not be made says why, and what is missing", async () => {
  const { code, err } = await plan(["create"], FAILED);
  expect(code).toBe(EXIT_CODES.failure);
  expect(err).toContain("short_history: A plan is made of a month");
});

test("plans are listed, shown and decided", async () => {
  const { out } = await plan(["list", "--state", "proposed", "-o", "wide"]);
  expect(out).toMatch(/^proposed +1 +\$1200 +\$2000 +\S+ +system +rsp_1 +-$/m);
  expect(out).toMatch(/^failed .* short_history$/m);
  await api.close();
  expect((await plan(["approve", "rsp_1"])).out).toBe("rsp_1 is approved.\n");
  await api.close();
  await plan(["reject", "rsp_1", "--reason", "too long"]);
  expect(api.requests.at(-1)).toMatchObject({
    path: "/v1/admin/reservation_plans/rsp_1/reject",
    body: { reason: "too long" },
  });
  await api.close();
  expect((await plan(["reject", "rsp_1"])).code).toBe(EXIT_CODES.usage);
});

test("what a plan was made of goes to standard output, with how to plan it again", async () => {
  const { out, err } = await plan(["export", "rsp_1", "--file", "case"]);
  expect(out).toBe("{}\n");
  expect(api.requests.at(-1)?.query.get("format")).toBe("case");
  expect(err).toContain("npm run plan -w packages/planner");
});
