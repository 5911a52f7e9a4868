import type { Packing } from "@berth/contract";
import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, startFakeApi } from "../../../test-support/fake-api.ts";
import { fakeTerminal } from "../../../test-support/fake-terminal.ts";
import { run } from "../../../test-support/run.ts";
import { drawTop } from "./draw-top.ts";

const usd = (amount: string) => ({ amount, currency: "USD" as const });
const GIB = 2 ** 30;
const FIGURES = {
  machines: { ready: 1, coming: 1, leaving: 0 },
  instances: 3,
  price_per_hour: usd("1.058400000000"),
  requested: { cpu_millis: 3000, memory_bytes: 48 * GIB, volumes: 3, instances: 3 },
  allocatable: { cpu_millis: 12_000, memory_bytes: 96 * GIB, volumes: 50, instances: 32 },
  used: null,
  density: { mean: 1.5, max: 3 },
  blast_radius: { instances: 1, tenant: null },
  dominant_utilization: 0.5,
  idle_per_day: usd("12.700800000000"),
  one_machine_each_per_hour: null,
  packing_saving: null,
};
const node = (node_name: string, dominant_utilization: number) => ({
  machine_id: `mac_${node_name}`,
  node_name,
  pool_id: "pool_1",
  zone: "a",
  machine_type: "r7i.2xlarge",
  state: "ready" as const,
  price_per_hour: usd("0.529200000000"),
  requested: { cpu_millis: 3000, memory_bytes: 48 * GIB, volumes: 3, instances: 3 },
  allocatable: { cpu_millis: 6000, memory_bytes: 48 * GIB, volumes: 25, instances: 16 },
  used: null as UsedCapacity,
  dominant_utilization,
  idle_per_day: usd("0.000000000000"),
});
type UsedCapacity = NonNullable<Packing["nodes"]>[number]["used"];
const USED: UsedCapacity = {
  instances: 3,
  cpu_millis: 300,
  memory_bytes: 36 * GIB,
  requested: { cpu_millis: 3000, memory_bytes: 48 * GIB },
  of_requested: { cpu: 0.1, memory: 0.75 },
};
const PACKING = {
  total: FIGURES,
  pools: [{ ...FIGURES, pool_id: "pool_1", kube_id: "kub_1", name: "memory" }],
  instances_without_place: 2,
  used_missing: "not_measured" as const,
  cold_plans: [
    {
      packing_study_id: "stu_1",
      kube_id: "kub_1",
      fleet_cost_ratio: 1.25,
      plan_cost_ratio: 1.01,
      verified: true,
      stranded_per_hour: usd("0.210000000000"),
      recoverable_per_hour: usd("0.200000000000"),
      finished_at: "2026-11-28T00:00:00.000Z",
    },
  ],
  nodes: null,
  nodes_left_out: 0,
};
const EMPTY = { cpu_millis: 0, memory_bytes: 0, volumes: 0, instances: 0 };
const WITH_NODES = {
  ...PACKING,
  nodes: [{ ...node("empty", 0), requested: EMPTY }, node("unmeasured", 1), { ...node("full", 1), used: USED }],
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

async function berth(words: readonly string[], answer: FakeAnswer, options: Parameters<typeof run>[1] = {}) {
  api = await startFakeApi(() => answer);
  return run(["admin", ...words], { ...options, env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("a pool's packing is one line that a shell can cut, and what waits is told beside it", async () => {
  const { code, out, err } = await berth(["packing", "--pool", "pool_1"], { body: PACKING });
  expect(code).toBe(EXIT_CODES.ok);
  const [header = "", line = "", rest] = out.split("\n");
  expect(rest).toBe("");
  const cut = line.split(/ {3,}/);
  expect(cut).toEqual([
    "memory",
    "2",
    "3",
    "1.5",
    "3",
    "25%",
    "50%",
    "6%",
    "9%",
    "-",
    "-",
    "50%",
    "$1.0584",
    "$12.7008",
    "-",
  ]);
  expect(header.split(/ {3,}/)).toHaveLength(cut.length);
  expect(err).toContain("2 instances wait for a place");
  expect(api.requests[0]?.query.get("pool_id")).toBe("pool_1");
});

test("several pools have a line for all of them, and json is the answer unchanged", async () => {
  const body = { ...PACKING, pools: [...PACKING.pools, ...PACKING.pools] };
  expect((await berth(["packing"], { body })).out).toMatch(/^\(all\) +2 +3 /m);
  await api.close();
  const { out, err } = await berth(["packing", "-o", "json"], { body });
  expect(JSON.parse(out)).toEqual(body);
  expect(err).toBe("");
});

test("without a terminal the view is printed once: a bar for each node", async () => {
  const { code, out } = await berth(["top"], { body: WITH_NODES });
  expect(code).toBe(EXIT_CODES.ok);
  expect(out).toMatch(/^empty +\.{20} +0% /m);
  expect(out).toMatch(/^unmeasured +={20} +100% /m);
  expect(out).toMatch(/^full +#{15}={5} +100% +\$0\.5292 +50% +100% +10% +75% .* ready$/m);
  expect(out).toContain("use not measured");
  expect(out).not.toContain("\u001b");
  expect(api.requests).toHaveLength(1);
});

test("on a terminal it is drawn until q, and the screen is given back", async () => {
  const terminal = fakeTerminal([{ to: "full", type: "q" }]);
  const { code, out } = await berth(["top", "--every", "1h"], { body: WITH_NODES }, { terminal, isOnScreen: true });
  expect(code).toBe(EXIT_CODES.ok);
  expect(terminal.waiting).toEqual([]);
  expect(out.startsWith("\u001b[?1049h")).toBe(true);
  expect(out.endsWith("\u001b[?1049l")).toBe(true);
});

test("no line is wider, and no screen longer, than the terminal; what is left out is counted", () => {
  const nodes = Array.from({ length: 30 }, (_, n) => node(`node-${n}`, n / 30));
  for (const size of [
    { columns: 40, rows: 12 },
    { columns: 200, rows: 24 },
    { columns: 80, rows: 100 },
  ]) {
    const lines = drawTop({ ...WITH_NODES, nodes, nodes_left_out: 5 }, size);
    expect(lines.length).toBeLessThanOrEqual(size.rows);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(size.columns);
    const shown = lines.filter((line) => line.startsWith("node-")).length;
    expect(lines.at(-1)).toBe(`and ${35 - shown} more`);
  }
});

test("an instance is explained by its latest decision, in a sentence and by every candidate", async () => {
  const candidate = (target: string, score: number | null, rejection: object | null) => {
    return {
      target,
      machine_type: "r7i.2xlarge",
      zone: "a",
      pool_id: "pool_1",
      price_per_hour: null,
      rejection,
      score,
    };
  };
  const decision = {
    id: "dec_2",
    instance_id: "ins_1",
    outcome: "placed",
    node_name: "full",
    machine_id: null,
    verdict: "bound",
    created_at: "2026-11-28T00:00:00Z",
    reasons: [],
    considered: 3,
    refusals: [{ reason: "no_room", dimension: "memory", count: 1 }],
    candidates: [
      candidate("empty", 2, null),
      candidate("full", 1, null),
      candidate("small", null, { kind: "no_room", dimension: "memory", needed: 8192, free: 100 }),
    ],
  };
  api = await startFakeApi(({ path }) => ({ body: path.endsWith("/dec_2") ? decision : { data: [decision] } }));
  const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "x" };
  const { code, out } = await run(["admin", "explain", "ins_1"], { env });
  expect(code).toBe(EXIT_CODES.ok);
  expect(out).toContain("full has the lowest score, 1.0000; the next is empty with 2.0000");
  expect(out).toMatch(/^small .*no_room: dimension memory, needed 8192, free 100$/m);
});

const point = (n: number) => ({
  at: `2026-11-28T0${n}:00:00.000Z`,
  machines: 10 + n,
  instances: 80,
  price_per_hour: usd(`${10 + n}.000000000000`),
  idle_per_day: usd("24.000000000000"),
  requested_share: { cpu: 0.5, memory: null, volumes: 0.25, instances: 0.5 },
  used_share: { cpu: 0.1, memory: null },
  density: 7.5,
  dominant_utilization: 0.9 - n / 10,
});
const HISTORY = {
  since: point(0).at,
  until: point(9).at,
  step_seconds: 600,
  points: [0, 1, 2, 3].map(point),
  cold_plans: PACKING.cold_plans,
};

test("packing over time is a line of marks for each figure, from its least to its most", async () => {
  const { code, out } = await berth(["packing", "--history", "--pool", "pool_1", "--since", "2026-11-28"], {
    body: HISTORY,
  });
  expect(code).toBe(EXIT_CODES.ok);
  expect(out).toMatch(/^machines +▁▃▆█ +10 +10 +13 +13$/m);
  expect(out).toMatch(/^instances +▅▅▅▅ +80 +80 +80 +80$/m);
  expect(out).toMatch(/^stu_1 +1\.2500 +1\.0100 +yes /m);
  expect(out).toMatch(/^used cpu +▅▅▅▅ +10% +10% +10% +10%$/m);
  expect(out).toMatch(/^used memory +- +- +- +-/m);
  expect(out).toMatch(/^dominant +█▆▃▁ +90% +60% +90% +60%$/m);
  expect(out).toMatch(/^memory +- +- +- +- +-$/m);
  expect(api.requests[0]?.query.get("since")).toBe("2026-11-28T00:00:00.000Z");
  await api.close();
  const wide = await berth(["packing", "--history", "-o", "wide"], { body: HISTORY });
  expect(wide.out.split("\n\n")[0]?.split("\n")).toHaveLength(5);
});

test("a time without --history is refused before anything is asked", async () => {
  const { code, err } = await berth(["packing", "--since", "7d"], { body: HISTORY });
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain("Add --history");
  expect(api.requests).toEqual([]);
});

test("a forecast has its interval, when caps are reached, and by name why there is none", async () => {
  const expected = (in_days: number, amount: string) => {
    return { in_days, expected: usd(amount), low: usd("1.000000000000"), high: usd("99.000000000000") };
  };
  const pool = { pool_id: "pool_1", kube_id: "kub_1", name: "memory", days_sampled: 20 };
  const none = {
    unknown_because: "too_few_samples",
    price_per_hour: [],
    spend_cap_reached: null,
    machine_cap_reached: null,
  };
  const body = {
    pools: [
      {
        ...pool,
        unknown_because: null,
        price_per_hour: [expected(30, "40.000000000000"), expected(90, "60.000000000000")],
        machines: [],
        spend_cap_reached: { expected_on: "2026-12-30", earliest_on: "2026-12-20" },
        machine_cap_reached: { expected_on: null, earliest_on: null },
      },
      { ...pool, ...none, name: "new", days_sampled: 2, machines: [] },
    ],
  };
  const { code, out, err } = await berth(["forecast"], { body });
  expect(code).toBe(EXIT_CODES.ok);
  expect(out).toMatch(
    /^memory +20 +\$40\.00 \(\$1\.00-\$99\.00\) .*2026-12-30 \(from 2026-12-20\) +not in a year +-$/m,
  );
  expect(out).toMatch(/^new +2 +- +- +- +- +too_few_samples$/m);
  expect(err).toContain("berth admin packing --history");
});
