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
