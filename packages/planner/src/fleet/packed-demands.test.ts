import type { Rate, Term } from "@berth/domain";
import { openInThreadSolver } from "@berth/solver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planLadder } from "../ladder/plan-ladder.ts";
import { readPlanningCase } from "../ladder/read-planning-case.ts";
import type { DemandBase } from "./demand-base.ts";
import type { MachineRun, OwnedCommitment } from "./fleet-history.ts";
import { HOUR_MS } from "./machine-hours.ts";
import type { PackedKube } from "./packed-fleet.ts";
import { type PlanningInput, planningFile } from "./planning-file.ts";

const FROM_HOUR = 490_000;
const HOURS = 4 * 730;
const run = (machineType: string, count: number, change: Partial<MachineRun> = {}): MachineRun => ({
  region: "us-east-1",
  zone: "us-east-1a",
  machineType,
  count,
  startedMs: FROM_HOUR * HOUR_MS,
  endedMs: undefined,
  ...change,
});
const price = (machineType: string, microUsdPerHour: number) => ({ region: "us-east-1", machineType, microUsdPerHour });
const rate = (machineType: string, microUsd: number, term: Term = "1y"): Rate => ({
  machineType,
  term,
  offeringClass: "standard",
  paymentOption: "no_upfront",
  upfrontMicroUsd: 0,
  hourlyMicroUsd: microUsd,
});
type Packed = Extract<PackedKube, { readonly isPacked: true }>;
const machines = (machineType: string, count: number, zone = "us-east-1a") => ({ zone, machineType, count });
const kube = (of: Packed["machines"], change: Partial<Packed> = {}): Packed => ({
  kubeId: "kub_1",
  region: "us-east-1",
  instances: 400,
  memoryMib: 1_000_000,
  isPacked: true,
  machines: of,
  instead: [],
  ...change,
});
/** A hundred xlarge ran, each half empty. */
const INPUT: PlanningInput = {
  fromHour: FROM_HOUR,
  hours: HOURS,
  months: 36,
  withheld: [],
  runs: [run("m6i.xlarge", 100)],
  kubes: [kube([machines("m6i.2xlarge", 20), machines("m6i.xlarge", 10)])],
  loads: Array.from({ length: HOURS }, (_, h) => ({
    region: "us-east-1",
    hour: FROM_HOUR + h,
    memoryMib: 1_000_000,
  })),
  commitments: [],
  prices: [
    price("m6i.xlarge", 192_000),
    price("m6i.2xlarge", 384_000),
    price("m5.xlarge", 192_000),
    price("m5.2xlarge", 384_000),
    price("r5.xlarge", 252_000),
    price("g5.xlarge", 1_006_000),
  ],
  reservedBooks: [
    {
      region: "us-east-1",
      rates: [rate("m6i.xlarge", 121_000), rate("m5.xlarge", 119_000), rate("r5.xlarge", 159_000)],
    },
  ],
  rateBooks: [],
};
const RAN: PlanningInput = { ...INPUT, kubes: [] };

function planningOf(input: PlanningInput) {
  const made = planningFile(input);
  if (made.kind !== "file") throw new Error(made.kind);
  const file = JSON.parse(JSON.stringify(made.file));
  const read = readPlanningCase(file);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return { file, planning: read.value, base: made.base, leftOut: made.leftOut };
}

/** Units bought, and what the plan is to cost. */
async function planned(input: PlanningInput) {
  const solver = await openInThreadSolver();
  try {
    const { planning } = planningOf(input);
    const { purchases, cost } = await planLadder(planning, solver);
    return { units: purchases.reduce((sum, { count }) => sum + count, 0), costUsd: Number(cost.expectedNanoUsd) / 1e9 };
  } finally {
    await solver.close();
  }
}

describe("demand of a fleet packed anew", () => {
  it("is what its instances come to, whatever ran, and says so with both", () => {
    const { file, base } = planningOf({ ...INPUT, runs: [run("m6i.xlarge", 90), run("r5.xlarge", 8)] });
    expect(file.demands).toEqual([{ name: "us-east-1/m6i", families: [{ family: "us-east-1/m6i", units: 1 }] }]);
    expect(new Set(file.history["us-east-1/m6i"])).toEqual(new Set([50]));
    expect(base).toEqual([
      {
        region: "us-east-1",
        kind: "packed",
        instances: 400,
        machines: 30,
        packedUsdPerHour: 9.6,
        ranUsdPerHour: 19.296,
        loadHours: HOURS,
        families: [
          { family: "us-east-1/m6i", unit: "m6i.xlarge", ranUnits: 90, packedUnits: 50 },
          { family: "us-east-1/r5", unit: "r5.xlarge", ranUnits: 8, packedUnits: 0 },
        ],
      },
    ] satisfies DemandBase[]);
  });

  it("buys less than the fleet before packing would, in a plan that costs less", async () => {
    const [before, after] = [await planned(RAN), await planned(INPUT)];
    expect(before.units).toBeGreaterThan(0);
    expect(after.units).toBeGreaterThan(0);
    expect(after.units).toBeLessThanOrEqual(before.units * 0.6);
    expect(after.costUsd).toBeLessThan(before.costUsd * 0.6);
  });

  it("has the hours of what instances asked for, and none of the level that packing has left behind", () => {
    // At night tenants ask for half. Two months ago all of it ran on twice the machines.
    const loads = INPUT.loads.map((load, h) => ({ ...load, memoryMib: h % 24 < 8 ? 500_000 : 1_000_000 }));
    const runs = [run("m6i.xlarge", 100), run("m6i.xlarge", 100, { endedMs: (FROM_HOUR + 1_460) * HOUR_MS })];
    const { file } = planningOf({ ...INPUT, loads, runs });
    const hourly: number[] = file.history["us-east-1/m6i"];
    expect([hourly[0], hourly[7], hourly[8], hourly.at(-1)]).toEqual([25, 25, 50, 50]);
    // A month of 730 hours has ten more of day or of night than another.
    const { growthPercentPerMonth, churnPercentPerMonth } = file.forecast.scenarios[1];
    expect(growthPercentPerMonth + churnPercentPerMonth).toBeLessThan(0.2);
  });

  it("grows as its tenants grew since that is recorded; hours before are as the first of them", () => {
    const from = HOURS - 2 * 730;
    const loads = INPUT.loads.slice(from).map((load, h) => ({ ...load, memoryMib: h < 730 ? 970_000 : 1_000_000 }));
    const { file, base } = planningOf({ ...INPUT, loads: loads.filter((_, h) => h % 5 !== 3) });
    const hourly: number[] = file.history["us-east-1/m6i"];
    expect([hourly[0], hourly[from + 3], hourly[from + 729], hourly[from + 730]]).toEqual([48.5, 48.5, 48.5, 50]);
    expect(file.forecast.scenarios[1]).toMatchObject({ growthPercentPerMonth: 3.09 });
    expect(base[0]).toMatchObject({ loadHours: 1_460 });
    const flat = planningOf({ ...INPUT, loads: [] });
    expect(new Set(flat.file.history["us-east-1/m6i"])).toEqual(new Set([50]));
    expect(flat.base[0]).toMatchObject({ loadHours: 0 });
  });

  it("grows as before where a region is new: it is recorded since its first machine", () => {
    const loads = INPUT.loads.map((load, h) => ({ ...load, memoryMib: h < 730 ? 910_000 : 1_000_000 }));
    const since = HOURS - 200;
    const young = { region: "eu-west-1", hour: FROM_HOUR + since + 1, memoryMib: 10_000 };
    const growthOf = (input: PlanningInput) => planningOf(input).file.forecast.scenarios[1].growthPercentPerMonth;
    const alone = growthOf({ ...INPUT, loads });
    expect(alone).toBeCloseTo(((1 / 0.91) ** (1 / 3) - 1) * 100, 1);
    const both = growthOf({
      ...INPUT,
      runs: [...INPUT.runs, run("m6i.xlarge", 1, { region: "eu-west-1", startedMs: (FROM_HOUR + since) * HOUR_MS })],
      kubes: [
        ...INPUT.kubes,
        kube([machines("m6i.xlarge", 1)], { kubeId: "kub_2", region: "eu-west-1", memoryMib: 10_000 }),
      ],
      loads: [...loads, young],
      prices: [...INPUT.prices, { ...price("m6i.xlarge", 214_000), region: "eu-west-1" }],
    });
    expect(both).toBeGreaterThanOrEqual(alone);
    expect(both).toBeLessThan(alone + 0.5);
    // Of the minute in which a region gets its first instances nothing is recorded.
    const unborn = kube([machines("m6i.xlarge", 1)], { kubeId: "kub_2", region: "eu-west-1", memoryMib: 10_000 });
    const prices = [...INPUT.prices, { ...price("m6i.xlarge", 214_000), region: "eu-west-1" }];
    expect(growthOf({ ...INPUT, loads, prices, kubes: [...INPUT.kubes, unborn] })).toBe(alone);
  });

  it("is none in a region that everybody has left, where nothing runs any more", async () => {
    const left = run("m6i.xlarge", 100, { region: "eu-west-1", endedMs: (FROM_HOUR + HOURS - 24) * HOUR_MS });
    const rates = [rate("m6i.xlarge", 131_000)];
    const moved: PlanningInput = {
      ...INPUT,
      runs: [...INPUT.runs, left],
      prices: [...INPUT.prices, { ...price("m6i.xlarge", 214_000), region: "eu-west-1" }],
      reservedBooks: [...INPUT.reservedBooks, { region: "eu-west-1", rates }],
    };
    const { file, base } = planningOf(moved);
    expect(new Set(file.history["eu-west-1/m6i"])).toEqual(new Set([0]));
    expect(base[0]).toMatchObject({
      kind: "ran",
      ranUsdPerHour: 0,
      why: expect.stringContaining("nothing is planned"),
    });
    expect(await planned(moved)).toEqual(await planned(INPUT));
    const drains = planningOf({ ...moved, runs: [...INPUT.runs, { ...left, endedMs: undefined }] });
    expect(drains.file.history["eu-west-1/m6i"].at(-1)).toBe(100);
  });

  it("is in no hour above what ran in it, by price on demand", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ count: fc.integer({ min: 1, max: 60 }), from: fc.integer({ min: 0, max: 900 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: 0, max: 5_000_000 }), { minLength: 1, maxLength: 30 }),
        (ran, packed, asked) => {
          const hours = 1_000;
          const runs = ran.map(({ count, from }, n) =>
            run(n % 2 === 0 ? "m6i.xlarge" : "r5.xlarge", count, { startedMs: (FROM_HOUR + from) * HOUR_MS }),
          );
          const loads = asked.map((memoryMib, n) => ({ region: "us-east-1", hour: FROM_HOUR + n * 7, memoryMib }));
          const input = { ...INPUT, hours, runs, loads, kubes: [kube([machines("m6i.2xlarge", packed)])] };
          const cost = (of: PlanningInput, h: number) => {
            const { file } = planningOf(of);
            const prices = new Map(
              file.families.map((one: { name: string; onDemandUsdPerHour: number }) => [
                one.name,
                one.onDemandUsdPerHour,
              ]),
            ) as Map<string, number>;
            return Object.entries(file.history as Record<string, number[]>).reduce(
              (sum, [name, list]) => sum + (list[h] as number) * (prices.get(name) as number),
              0,
            );
          };
          for (const hour of [0, 100, 500, 999]) {
            // Units have three places.
            expect(cost(input, hour)).toBeLessThanOrEqual(cost({ ...input, kubes: [] }, hour) + 0.001);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  const m5 = { family: "m6i", instead: "m5", machines: [machines("m5.2xlarge", 26)] };
  const r5 = { family: "m6i", instead: "r5", machines: [machines("r5.xlarge", 40)] };
  const all = (change: Partial<Packed> = {}) => [kube([machines("m6i.2xlarge", 25)], { instead: [m5, r5], ...change })];
  /** By the year m6i is cheapest, by three r5; m5 is dearer than m6i in both. */
  const reservedBooks = [
    {
      region: "us-east-1",
      rates: [
        ...[rate("m6i.xlarge", 121_000), rate("m5.xlarge", 119_000), rate("r5.xlarge", 159_000)],
        ...[rate("m6i.xlarge", 82_000, "3y"), rate("m5.xlarge", 79_500, "3y"), rate("r5.xlarge", 90_000, "3y")],
      ],
    },
  ];

  it("may be served by another family where all of it can, in units of that family", () => {
    const { file, planning } = planningOf({ ...INPUT, reservedBooks, kubes: all() });
    const choice = { family: "us-east-1/r5", units: 0.8 };
    expect(file.demands).toEqual([
      { name: "us-east-1/m6i", families: [{ family: "us-east-1/m6i", units: 1 }, choice] },
    ]);
    expect(planning.families.map(({ unit }) => unit)).toEqual(["m6i.xlarge", "r5.xlarge"]);
    // A second kube that cannot do with r5 leaves the region without that choice.
    const both = [...all(), kube([machines("m6i.xlarge", 2)], { kubeId: "kub_2" })];
    expect(planningOf({ ...INPUT, reservedBooks, kubes: both }).file.demands[0].families).toHaveLength(1);
  });

  it("is left without a choice that no plan would make: another costs no more, however it is paid", () => {
    const [book] = reservedBooks;
    const only = (term: Term) => [{ region: "us-east-1", rates: book?.rates.filter((one) => one.term === term) ?? [] }];
    const ofYear = planningOf({ ...INPUT, reservedBooks: only("1y"), kubes: all() });
    expect(ofYear.file.demands[0].families).toEqual([{ family: "us-east-1/m6i", units: 1 }]);
    // Its own family goes too where another is cheaper in all, and then all of it is planned on that one.
    const cheap = [{ region: "us-east-1", rates: [rate("m6i.xlarge", 121_000), rate("m5.xlarge", 110_000)] }];
    const moved = planningOf({
      ...INPUT,
      prices: INPUT.prices.map((one) =>
        one.machineType.startsWith("m5") ? price(one.machineType, one.microUsdPerHour * 0.96) : one,
      ),
      reservedBooks: cheap,
      kubes: all({ instead: [m5] }),
    });
    expect(moved.file.demands).toEqual([
      { name: "us-east-1/m6i", families: [{ family: "us-east-1/m5", units: 1.04 }] },
    ]);
    expect(moved.planning.products.map(({ name }) => name)).toEqual(["us-east-1/m5 1y standard no_upfront"]);
  });

  it("uses what is held of a family that it may be served by, and buys less of its own for it", async () => {
    const kubes = all({ instead: [r5] });
    const held: OwnedCommitment = {
      id: "ri",
      kind: "reserved_instances",
      region: "us-east-1",
      zone: null,
      machineType: "r5.xlarge",
      family: null,
      offeringClass: "standard",
      term: "3y",
      paymentOption: "all_upfront",
      count: 40,
      upfrontMicroUsd: 3_000_000_000,
      hourlyMicroUsd: 0,
      commitmentMicroUsdPerHour: null,
      account: null,
      externalId: null,
      startsAt: new Date(FROM_HOUR * HOUR_MS),
      endsAt: new Date((FROM_HOUR + HOURS + 30 * 730) * HOUR_MS),
    };
    const [without, using] = [
      await planned({ ...INPUT, kubes }),
      await planned({ ...INPUT, kubes, commitments: [held] }),
    ];
    expect(using.units).toBeLessThan(without.units * 0.5);
    // Nothing more is bought of what is dearer.
    const { file } = planningOf({ ...INPUT, kubes, commitments: [held] });
    expect(file.demands[0].families).toHaveLength(2);
    expect(file.products.map(({ family }: { family: string }) => family)).toEqual(["us-east-1/m6i"]);
    expect(planningOf({ ...INPUT, commitments: [held] }).leftOut).toEqual([
      "ri: nothing that is planned for may run on its machines.",
    ]);
  }, 60_000);

  it("holds a zonal commitment to the machines that are packed in its zone", () => {
    const zonal = (count: number): OwnedCommitment => ({
      id: "zonal",
      kind: "reserved_instances",
      region: "us-east-1",
      zone: "us-east-1a",
      machineType: "m6i.2xlarge",
      family: null,
      offeringClass: "standard",
      term: "1y",
      paymentOption: "no_upfront",
      count,
      upfrontMicroUsd: 0,
      hourlyMicroUsd: 242_000,
      commitmentMicroUsdPerHour: null,
      account: null,
      externalId: null,
      startsAt: new Date(FROM_HOUR * HOUR_MS),
      endsAt: new Date((FROM_HOUR + 8_760) * HOUR_MS),
    });
    const of50 = planningOf({ ...INPUT, commitments: [zonal(50)] });
    expect(of50.planning.held).toMatchObject([{ units: 40, hourlyMicroUsd: 121_000 }]);
    expect(of50.leftOut).toEqual([expect.stringMatching(/^zonal: 30 of its 50 machines cover nothing/)]);
    // However many there are: their price would be beyond what a case may say of a unit.
    expect(planningOf({ ...INPUT, commitments: [zonal(5_000)] }).planning.held).toMatchObject([{ units: 40 }]);
  });

  it.each<[string, readonly PackedKube[], string]>([
    ["there is no instance", [], "no instance is there to pack."],
    [
      "one of its kubes could not be packed",
      [
        kube([machines("m6i.xlarge", 1)]),
        { ...kube([]), kubeId: "kub_2", isPacked: false, why: "No pool may launch anything." } as PackedKube,
      ],
      "kub_2 could not be packed: No pool may launch anything.",
    ],
  ])("is the machines that ran where %s, by name", (_, kubes, why) => {
    const { file, base } = planningOf({ ...INPUT, kubes });
    expect(new Set(file.history["us-east-1/m6i"])).toEqual(new Set([100]));
    expect(base).toMatchObject([{ kind: "ran", why, ranUsdPerHour: 19.2 }]);
  });
});
