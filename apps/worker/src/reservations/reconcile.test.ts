import { LeaseLost, type LiveLease } from "@berth/db";
import { idFromUuid, type Rate } from "@berth/domain";
import { readPlanningCase } from "@berth/planner";
import { expect, test } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import type { PlanTask } from "./make-plan.ts";
import { planInThread } from "./plan-in-thread.ts";
import { type ReservationLoopDeps, reconcileReservationPlan } from "./reconcile.ts";

const UUID = "1".repeat(32);
const ID = idFromUuid("reservationPlan", UUID);
const RUN = idFromUuid("run", UUID);
const FROM_HOUR = 490_000;
const rate: Rate = {
  machineType: "m7i.xlarge",
  term: "1y",
  offeringClass: "standard",
  paymentOption: "no_upfront",
  upfrontMicroUsd: 0,
  hourlyMicroUsd: 133_360,
};
const RECORDED: PlanTask["recorded"] = {
  fromHour: FROM_HOUR,
  hours: 730,
  months: 36,
  withheld: [],
  runs: [
    {
      region: "us-east-1",
      zone: "us-east-1a",
      machineType: "m7i.xlarge",
      count: 20,
      startedMs: FROM_HOUR * 3_600_000,
      endedMs: undefined,
    },
  ],
  loads: [],
  commitments: [],
  prices: [{ region: "us-east-1", machineType: "m7i.xlarge", microUsdPerHour: 201_600 }],
  reservedBooks: [{ region: "us-east-1", rates: [rate] }],
  rateBooks: [],
};

/** Twelve instances that twenty half empty machines hold, and six would. */
const KUBES: PlanTask["kubes"] = [
  {
    kubeId: "kub_1",
    region: "us-east-1",
    fleet: {
      pools: [
        {
          poolId: "pool_1",
          zones: ["us-east-1a"],
          machineTypes: ["m7i.xlarge"],
          instancesPerMachine: 8,
          maxMachines: 99,
        },
      ],
      offerings: [
        {
          zone: "us-east-1a",
          machineType: "m7i.xlarge",
          priceMicroUsdPerHour: 201_600,
          vcpu: 4,
          memoryMib: 16_384,
          ebsVolumeLimit: 28,
          ebsVolumeLimitType: "shared",
          unavailableUntil: null,
        },
      ],
      observed: [],
      machines: [],
      instances: Array.from({ length: 12 }, (_, n) => ({
        clusterId: `cl_${n}`,
        organizationId: "org_1",
        cpuMilli: 900,
        memoryMib: 6_000,
        volumes: 1,
        zones: ["us-east-1a"],
        nodeName: `n${n}`,
      })),
    },
  },
];

interface Setting {
  readonly plan?: Awaited<ReturnType<ReservationLoopDeps["store"]["find"]>>;
  readonly recorded?: PlanTask["recorded"];
  readonly kubes?: PlanTask["kubes"];
  readonly observe?: ReservationLoopDeps["observe"];
  readonly run?: ReservationLoopDeps["plan"];
  readonly stopping?: AbortSignal;
  /** What records it fails, as a database that is away does. */
  readonly unrecorded?: string;
}

/** What one look at the plan records. */
async function look({
  plan = { state: "queued", attempts: 0, failure: null },
  recorded = RECORDED,
  kubes = [],
  observe,
  run = planInThread,
  stopping = new AbortController().signal,
  unrecorded,
}: Setting) {
  const records: (readonly [string, unknown])[] = [];
  const record = (what: string) => async (_lease: unknown, _id: unknown, value?: unknown) => {
    if (what === unrecorded) throw new Error("the database is away");
    records.push([what, value]);
  };
  const deps: ReservationLoopDeps = {
    leases: {
      withLease: (_name: string, work: (lease: LiveLease) => Promise<unknown>) => work(liveLease()),
    } as unknown as ReservationLoopDeps["leases"],
    store: {
      find: async () => plan,
      recordStarted: record("started"),
      recordPlan: record("plan"),
      recordTrouble: record("trouble"),
      recordFailure: record("failure"),
    },
    observe: observe ?? (async () => ({ task: { recorded, kubes }, priceBooks: [] })),
    plan: run,
    stopping,
  };
  const thrown = await reconcileReservationPlan(deps, ID, RUN).catch((error: unknown) => error);
  return { records, thrown };
}

test("a plan is proposed with the case that it was made of, which anybody can read again, and the case's hash", async () => {
  const { records, thrown } = await look({});
  expect(thrown).toBeUndefined();
  expect(records.map(([what]) => what)).toEqual(["started", "plan"]);
  const made = records.find(([what]) => what === "plan") as [
    string,
    {
      caseText: string;
      caseSha256: string;
      result: { purchases: { units: number }[]; violations: unknown[] };
    },
  ];
  const { caseText, caseSha256, result } = made[1];
  expect(readPlanningCase(JSON.parse(caseText)).ok).toBe(true);
  expect(caseSha256).toMatch(/^[0-9a-f]{64}$/);
  expect(result.violations).toEqual([]);
  const units = result.purchases.reduce((sum, one) => sum + one.units, 0);
  expect(units).toBeGreaterThan(0);
});

test("a plan is made for the fleet as it will be packed, and says what it rests on", async () => {
  const resultOf = async (setting: Setting) => {
    const { records } = await look(setting);
    const [, made] = records.find(([what]) => what === "plan") as [
      string,
      { result: { purchases: { units: number }[]; base: object[] } },
    ];
    return { ...made.result, units: made.result.purchases.reduce((sum, one) => sum + one.units, 0) };
  };
  const ran = await resultOf({});
  expect(ran.base).toMatchObject([{ kind: "ran", why: "no instance is there to pack." }]);
  const packed = await resultOf({ kubes: KUBES });
  expect(packed.base).toMatchObject([
    { kind: "packed", instances: 12, machines: 6, families: [{ ranUnits: 20, packedUnits: 6 }] },
  ]);
  expect(packed.units).toBeGreaterThan(0);
  expect(packed.units).toBeLessThan(ran.units / 2);
  const nowhere = KUBES.map((kube) => ({ ...kube, fleet: { ...kube.fleet, pools: [] } }));
  expect((await resultOf({ kubes: nowhere })).base).toMatchObject([
    { kind: "ran", why: expect.stringMatching(/^kub_1 could not be packed: No pool of the kube may launch/) },
  ]);
});

test("the same case gives the same plan", async () => {
  const [one, other] = [await look({}), await look({})];
  expect(one.records).toEqual(other.records);
});

test.each<[string, string, Partial<PlanTask["recorded"]>]>([
  ["short_history", "100 of 730 hours", { hours: 100 }],
  ["nothing_ran", "price-book import", { prices: [] }],
])("%s fails the plan by name, and says what is missing", async (code, text, change) => {
  const { records } = await look({ recorded: { ...RECORDED, ...change } });
  expect(records.at(-1)).toEqual(["failure", { code, message: expect.stringContaining(text) }]);
});

test("a plan that is made or decided is left alone, and one that was begun five times is given up with what failed last", async () => {
  const failure = { code: "internal_error", message: "See run_1." };
  expect((await look({ plan: { state: "approved", attempts: 1, failure: null } })).records).toEqual([]);
  const { records } = await look({ plan: { state: "planning", attempts: 5, failure } });
  expect(records).toEqual([
    ["failure", { code: "given_up", message: expect.stringMatching(/5 times.*The last time: See run_1/) }],
  ]);
});

test("what may pass ends no plan: it is on record by the run's id alone, thrown for the log, and tried again", async () => {
  const fault = new TypeError("undefined is not a function");
  for (const setting of [{ observe: () => Promise.reject(fault) }, { run: () => Promise.reject(fault) }]) {
    const { records, thrown } = await look(setting);
    expect(thrown).toBe(fault);
    expect(records).toEqual([
      ["started", undefined],
      ["trouble", { code: "internal_error", message: expect.stringContaining(RUN) }],
    ]);
  }
});

test("so does a database that is away when the plan is stored, and says so by the fault alone", async () => {
  const { records, thrown } = await look({ unrecorded: "plan" });
  expect(records.map(([what]) => what)).toEqual(["started", "trouble"]);
  expect(thrown).toMatchObject({ message: "the database is away" });
});

test("a worker that stops or loses its lease breaks the planning off, and leaves the row to the next one", async () => {
  const stopping = new AbortController();
  const stop: ReservationLoopDeps["plan"] = (task, signal) => {
    const planning = planInThread(task, signal);
    stopping.abort();
    return planning;
  };
  const lost = () => Promise.reject(new LeaseLost({ name: "reservation_plan", holder: "me", epoch: 1n }));
  for (const setting of [{ run: stop, stopping: stopping.signal }, { run: lost }]) {
    const { records, thrown } = await look(setting);
    expect(thrown).toBeUndefined();
    expect(records).toEqual([["started", undefined]]);
  }
});
