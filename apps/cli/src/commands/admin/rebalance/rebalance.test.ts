import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const usd = (amount: string) => ({ amount: `${amount}00000000`, currency: "USD" });
const PLAN = {
  id: "rbp_1",
  kube_id: "kub_1",
  pool_id: "pool_1",
  state: "proposed",
  automatic: false,
  saving_per_hour: usd("0.1008"),
  saving_per_month: usd("73.5840"),
  cost: usd("0.2400"),
  instances: 2,
  moved: 0,
  clusters: 1,
  launches: 0,
  removals: 1,
  hours: 1,
  disrupted_minutes: 14,
  waiting_for: [] as object[],
  reason: null as string | null,
  generation: 1,
  created_at: "2026-11-28T00:00:00Z",
  last_seen_at: "2026-11-28T00:00:00Z",
  approved_at: null,
  started_at: null,
  finished_at: null,
};
const move = (round: number, instance_id: string) => ({
  hour: 0,
  round,
  instance_id,
  cluster_id: "cl_1",
  organization_id: "org_1",
  from: "mac-1",
  to: "mac-2",
  state: "planned",
  started_at: null,
  finished_at: null,
});
const DETAIL = {
  ...PLAN,
  actions: [],
  launches_planned: [],
  moves: [move(1, "ins_1"), move(2, "ins_2")],
  removals_planned: [{ hour: 0, round: 3, node: "mac-1" }],
  held: [{ reason: "cluster_not_green", nodes: 2, instances: 3 }],
};
const LOOK = {
  kube_id: "kub_1",
  looked_at: "2026-11-28T00:00:00Z",
  next_look_at: null,
  waiting_for: [] as object[],
  pools: [] as object[],
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());
async function rebalance(words: readonly string[], answer: (path: string, method: string) => FakeAnswer) {
  api = await startFakeApi(({ method, path }) => answer(path, method));
  return run(["admin", "rebalance", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("plans are a table that a shell can cut, filtered as asked", async () => {
  const words = ["list", "--kube", "kub_1", "--state", "proposed"];
  const { code, out } = await rebalance(words, () => ({ body: { data: [PLAN], next_page_token: null } }));
  expect(code).toBe(0);
  expect(out).toMatch(/^STATE +\$\/MONTH +RESTARTS +MOVED +CLUSTERS +HOURS +AGE +ID$/m);
  expect(out).toMatch(/^proposed +\$73\.584 +2 +0 +1 +1 +\S+ +rbp_1$/m);
  expect(String(api.requests[0]?.query)).toContain("kube_id=kub_1&state=proposed");
});

test("one says in a sentence what it saves, restarts and takes, and has its steps in their order and why nodes stay", async () => {
  const { out } = await rebalance(["get", "rbp_1"], () => ({ body: DETAIL }));
  expect(out).toContain("Saves $73.584 a month, restarts 2 instances of 1 cluster, takes 1 hour.");
  expect(out).toMatch(/0 +1 +move +ins_1 +mac-1 +mac-2 +planned\n.*0 +2 +move +ins_2 .*\n.*0 +3 +remove +mac-1/);
  expect(out).toMatch(/^cluster_not_green +2 +3$/m);
});

test("an approval says what it led to, what it waits for, and the next command", async () => {
  const guard = { name: "safe_drain_missing", subject: "kub_1", since: "2026-11-28T00:00:00Z", hint: "Not yet." };
  const body = { ...PLAN, state: "approved", waiting_for: [guard] };
  const { code, out, err } = await rebalance(["approve", "rbp_1"], () => ({ body }));
  expect(code).toBe(0);
  expect(out).toContain("rbp_1 is approved. Saves $73.584 a month");
  expect(err).toContain("It waits (safe_drain_missing): Not yet.");
  expect(err).toContain("berth admin rebalance get rbp_1");
});

test("an act that the plan's state does not allow is a conflict, and says where to look", async () => {
  const refusal = problem(409, "invalid_state", { detail: "The plan is superseded, and cannot be resumed." });
  const { code, err } = await rebalance(["resume", "rbp_1"], () => refusal);
  expect(code).toBe(EXIT_CODES.conflict);
  expect(err).toContain("superseded");
  expect(err).toContain("berth admin rebalance get rbp_1");
});

test("a look asked for is waited for, and shown pool by pool with the plan that it found", async () => {
  const pool = {
    mode: "propose",
    saving_per_month: usd("73.5840"),
    held: [{ reason: "no_room", nodes: 2, instances: 3 }],
  };
  const after = {
    ...LOOK,
    looked_at: "2026-11-28T00:01:00Z",
    pools: [
      { ...pool, pool_id: "pool_1", outcome: "proposed", plan_id: "rbp_1" },
      { ...pool, pool_id: "pool_2", outcome: "below_threshold", plan_id: null },
    ],
  };
  const { code, out, err } = await rebalance(["create", "--kube", "kub_1"], (_, method) =>
    method === "POST" ? { status: 202, body: LOOK } : { body: after },
  );
  expect(code).toBe(0);
  expect(out).toMatch(/^pool_1 +propose +\$73\.584 +rbp_1 +there is a plan$/m);
  expect(out).toMatch(/^pool_2 +propose +\$73\.584 +- +would save less than its policy asks for$/m);
  expect(err).toContain("Next: berth admin rebalance get rbp_1");
});

test("a look that fails says why, and one that does not come is given up", async () => {
  const guard = { name: "access_denied", subject: "kub_1", since: "2026-11-28T00:00:00Z", hint: "refused" };
  const words = ["create", "--kube", "kub_1", "--timeout", "1s"];
  const failed = await rebalance(words, (_, method) =>
    method === "POST" ? { status: 202, body: LOOK } : { body: { ...LOOK, waiting_for: [guard] } },
  );
  expect(failed.code).toBe(EXIT_CODES.failure);
  expect(failed.err).toContain("access_denied: refused");
  await api.close();
  const late = await rebalance(words, (_, method) => ({ status: method === "POST" ? 202 : 200, body: LOOK }));
  expect(late.code).toBe(EXIT_CODES.waitTimedOut);
  expect(late.err).toContain("berth admin rebalance list --kube kub_1");
});
