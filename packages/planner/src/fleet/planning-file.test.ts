import type { NewCommitment, Rate } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { readPlanningCase } from "../ladder/read-planning-case.ts";
import type { MachineRun, OwnedCommitment } from "./fleet-history.ts";
import { HOUR_MS } from "./machine-hours.ts";
import { type PlanningInput, planningFile } from "./planning-file.ts";

const FROM_HOUR = 490_000;
const HOURS = 2 * 730;
const NOW = FROM_HOUR + HOURS;
const run = (
  machineType: string,
  count: number,
  from = 0,
  until?: number,
  change: Partial<MachineRun> = {},
): MachineRun => ({
  region: "us-east-1",
  zone: "us-east-1a",
  machineType,
  count,
  startedMs: (FROM_HOUR + from) * HOUR_MS,
  endedMs: until === undefined ? undefined : (FROM_HOUR + until) * HOUR_MS,
  ...change,
});
const rate = (machineType: string, microUsd: number, change: Partial<Rate> = {}): Rate => ({
  machineType,
  term: "1y",
  offeringClass: "standard",
  paymentOption: "no_upfront",
  upfrontMicroUsd: 0,
  hourlyMicroUsd: microUsd,
  ...change,
});
const price = (machineType: string, microUsdPerHour: number, region = "us-east-1") => ({
  region,
  machineType,
  microUsdPerHour,
});
const INPUT: PlanningInput = {
  fromHour: FROM_HOUR,
  hours: HOURS,
  months: 36,
  withheld: [],
  runs: [run("m7i.4xlarge", 3), run("m7i.large", 1, 730), run("g5.xlarge", 2), run("m9z.large", 1)],
  kubes: [],
  loads: [],
  commitments: [],
  prices: [
    price("m7i.large", 100_800),
    price("m7i.xlarge", 201_600),
    price("m7i.4xlarge", 806_400),
    price("m7i.metal-24xl", 4_838_400),
    price("g5.xlarge", 1_006_000),
    price("g5.2xlarge", 1_212_000),
    price("m7i.xlarge", 222_000, "eu-1"),
  ],
  reservedBooks: [
    {
      region: "us-east-1",
      rates: [rate("m7i.xlarge", 133_360), rate("m7i.4xlarge", 533_440), rate("g5.xlarge", 634_000)],
    },
  ],
  rateBooks: [
    {
      region: "us-east-1",
      kind: "compute_savings_plan",
      rates: [
        rate("m7i.xlarge", 145_000, { offeringClass: null }),
        rate("c7i.xlarge", 120_000, { offeringClass: null }),
      ],
    },
  ],
};
const COMMITMENT: NewCommitment = {
  kind: "reserved_instances",
  region: "us-east-1",
  zone: null,
  machineType: "m7i.4xlarge",
  family: null,
  offeringClass: "standard",
  term: "1y",
  paymentOption: "no_upfront",
  count: 2,
  upfrontMicroUsd: 0,
  hourlyMicroUsd: 533_440,
  commitmentMicroUsdPerHour: null,
  account: null,
  externalId: null,
  startsAt: new Date((NOW - 6 * 730) * HOUR_MS),
  endsAt: new Date((NOW + 6 * 730) * HOUR_MS),
};
const own = (id: string, change: Partial<NewCommitment> = {}): OwnedCommitment => ({ ...COMMITMENT, ...change, id });

/** As a file has it, and what its reader makes of it. */
function planningOf(input: PlanningInput) {
  const made = planningFile(input);
  if (made.kind !== "file") throw new Error(made.kind);
  const file = JSON.parse(JSON.stringify(made.file));
  const read = readPlanningCase(file);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return { file, planning: read.value, base: made.base, leftOut: made.leftOut };
}

describe("the planning file of a fleet", () => {
  it("is a case that npm run plan takes, of the families that ran and have a price", () => {
    const { file, planning } = planningOf(INPUT);
    expect(file.families).toEqual([
      { name: "us-east-1/g5.xlarge", region: "us-east-1", unit: "g5.xlarge", onDemandUsdPerHour: 1.006, sizes: [] },
      {
        name: "us-east-1/m7i",
        region: "us-east-1",
        unit: "m7i.xlarge",
        onDemandUsdPerHour: 0.2016,
        sizes: ["m7i.metal-24xl", "m7i.4xlarge"],
      },
    ]);
    expect(planning.products.map(({ name }) => name)).toEqual([
      "us-east-1/g5.xlarge 1y standard no_upfront",
      "us-east-1/m7i 1y standard no_upfront",
      "compute 1y no_upfront",
    ]);
    expect(planning.scenarios.map(({ name }) => name)).toEqual(["as it is", "as it went", "a fifth less"]);
  });

  it("has what ran hour by hour, in units of any size", () => {
    const { file } = planningOf(INPUT);
    const m7i = file.history["us-east-1/m7i"];
    expect([m7i.length, m7i[0], m7i[729], m7i[730], m7i.at(-1)]).toEqual([HOURS, 12, 12, 12.5, 12.5]);
    expect(new Set(file.history["us-east-1/g5.xlarge"])).toEqual(new Set([2]));
  });

  it("grows as the whole fleet grew by what it costs, and by five percent a month at most", () => {
    const growth = (input: PlanningInput) => planningOf(input).file.forecast.scenarios[1];
    // 0.0504 $ more on 12 units and two g5: 4.4312 $ an hour.
    expect(growth(INPUT)).toMatchObject({ growthPercentPerMonth: 2.27, churnPercentPerMonth: 0 });
    const many = { ...INPUT, runs: [run("m7i.xlarge", 1), run("m7i.xlarge", 9, 730)] };
    expect(growth(many)).toMatchObject({ growthPercentPerMonth: 5 });
    const fewer = { ...INPUT, runs: [run("m7i.xlarge", 50), run("m7i.xlarge", 1, 0, 730)] };
    expect(growth(fewer)).toMatchObject({ growthPercentPerMonth: 0, churnPercentPerMonth: 1.96 });
  });

  it("knows what is held, in units and months of the plan; what has ended is none", () => {
    const commitments = [
      own("ri"),
      own("over", { endsAt: new Date((NOW - 1) * HOUR_MS) }),
      own("elsewhere", { region: "eu-1" }),
      own("plan", {
        kind: "compute_savings_plan",
        region: null,
        machineType: null,
        count: null,
        commitmentMicroUsdPerHour: 1_500_000,
        startsAt: new Date((NOW + 2 * 730) * HOUR_MS),
        endsAt: new Date((NOW + 14 * 730) * HOUR_MS),
      }),
    ];
    const { planning, leftOut } = planningOf({ ...INPUT, commitments });
    expect(leftOut).toContain("elsewhere: nothing that is planned for may run on its machines.");
    expect(planning.held).toMatchObject([
      { name: "ri", units: 8, hourlyMicroUsd: 133_360, startMonth: -6, endMonth: 6 },
      { name: "plan", committedMicroUsdPerHour: 1_500_000, startMonth: 2, endMonth: 14, rates: [0, 145_000] },
    ]);
  });

  it("is without what it could not be read with, and names what is held and left out", () => {
    const commitments = [
      own("small", { machineType: "m7i.large", count: 1 }),
      own("uneven", { machineType: "m7i.large", count: 3, hourlyMicroUsd: 73_000 }),
      own("zonal", { zone: "us-east-1a", count: 9 }),
      own("away", { zone: "us-east-1b" }),
      own("family", {
        kind: "ec2_instance_savings_plan",
        machineType: null,
        family: "m7i",
        count: null,
        commitmentMicroUsdPerHour: 1_000_001,
      }),
      own("odd", {
        kind: "compute_savings_plan",
        region: null,
        machineType: null,
        count: null,
        commitmentMicroUsdPerHour: 1_000_001,
      }),
    ];
    const dear = rate("m7i.xlarge", 201_600, { term: "3y" });
    const { planning, leftOut } = planningOf({
      ...INPUT,
      commitments,
      reservedBooks: [{ region: "us-east-1", rates: [dear] }],
      withheld: ["pbk_1: an estimate."],
    });
    expect(planning.products.map(({ kind }) => kind)).toEqual(["savings_plan"]);
    expect(planning.held).toMatchObject([
      // 1.5 xlarge: one of them is counted on, and all of it is paid.
      { name: "uneven", units: 1, hourlyMicroUsd: 219_000 },
      // Three run there.
      { name: "zonal", units: 12 },
      { name: "odd", committedMicroUsdPerHour: 1_000_000 },
    ]);
    expect(leftOut.map((line) => line.split(":")[0])).toEqual([
      "pbk_1",
      "us-east-1/m9z",
      "small",
      "zonal",
      "away",
      "family",
    ]);
  });

  it("is none before a month is recorded, or where nothing ran that has a price", () => {
    expect(planningFile({ ...INPUT, hours: 729 })).toEqual({ kind: "short_history", hours: 729, needed: 730 });
    expect(planningFile({ ...INPUT, runs: [run("m9z.large", 1)] })).toEqual({ kind: "nothing_ran" });
  });
});
