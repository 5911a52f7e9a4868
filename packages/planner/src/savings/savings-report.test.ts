import type { NewCommitment } from "@berth/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OwnedCommitment } from "../fleet/fleet-history.ts";
import { drawWaterfall } from "./draw-waterfall.ts";
import type { FleetLine, SavingsCase } from "./savings-case.ts";
import { savingsPage } from "./savings-page.ts";
import { savingsReport } from "./savings-report.ts";

const AT_HOUR = 490_000;
const HOUR_MS = 3_600_000;
const line = (machineType: string, count: number): FleetLine => ({
  region: "us-east-1",
  zone: "us-east-1a",
  machineType,
  count,
});
const RESERVED: NewCommitment = {
  kind: "reserved_instances",
  region: "us-east-1",
  zone: null,
  machineType: "m7i.4xlarge",
  family: null,
  offeringClass: "standard",
  term: "1y",
  paymentOption: "all_upfront",
  count: 1,
  upfrontMicroUsd: 4_380_000_000,
  hourlyMicroUsd: 0,
  commitmentMicroUsdPerHour: null,
  account: null,
  externalId: null,
  startsAt: new Date((AT_HOUR - 1) * HOUR_MS),
  endsAt: new Date((AT_HOUR + 8_759) * HOUR_MS),
};
const reserve = (id: string, count: number, change: Partial<NewCommitment> = {}): OwnedCommitment => ({
  ...RESERVED,
  ...change,
  id,
  count,
});
const NO_UPFRONT = { paymentOption: "no_upfront", upfrontMicroUsd: 0, hourlyMicroUsd: 540_000 } as const;
const CASE: SavingsCase = {
  atHour: AT_HOUR,
  oneEach: [line("m7i.xlarge", 20)],
  packed: [line("m7i.4xlarge", 3)],
  held: [],
  plan: [],
  prices: [
    { region: "us-east-1", machineType: "m7i.xlarge", microUsdPerHour: 200_000 },
    { region: "us-east-1", machineType: "m7i.4xlarge", microUsdPerHour: 800_000 },
  ],
  rateBooks: [],
};
const costs = (savingsCase: SavingsCase) =>
  savingsReport(savingsCase).steps.map((step) => Number(step.nanoUsdPerHour) / 1e9);

describe("the savings report", () => {
  it("goes from a machine each to packed, to what is held, to the plan, in dollars an hour", () => {
    // 4,380 $ over 8,760 hours is 0.50 $ an hour, for a machine of 0.80 $.
    const full = { ...CASE, held: [reserve("held", 1)], plan: [reserve("plan", 1, NO_UPFRONT)] };
    expect(costs(full)).toEqual([4, 2.4, 2.1, 1.84]);
    const report = savingsReport(full);
    expect(report.saving).toBeCloseTo(0.54, 12);
    expect(report.steps[3]).toMatchObject({ utilization: 1, onDemandNanoUsdPerHour: 800_000_000n });
    expect(report.steps[3]?.coverage).toBeCloseTo(2 / 3, 12);
    expect(report.steps.map(({ coverage }) => coverage === 0)).toEqual([true, true, false, false]);
  });

  it("says what is paid at the start, and the month by whose end that is won back", () => {
    const { plan } = savingsReport({ ...CASE, plan: [reserve("plan", 2)] });
    expect(plan?.upfrontNanoUsd).toBe(8_760_000_000_000n);
    // 8,760 $ for 1.60 $ an hour less: after 5,475 hours, in the eighth month of 730.
    expect(plan?.breakEvenMonth).toBe(8);
    expect(savingsReport({ ...CASE, plan: [reserve("plan", 2, NO_UPFRONT)] }).plan?.breakEvenMonth).toBe(1);
  });

  it("what is paid at the start is paid again when the term is over", () => {
    const dear = reserve("plan", 2, { upfrontMicroUsd: 6_000_000_000 });
    // 12,000 $ for 1.60 $ an hour less, 1,168 $ a month: not by month 12 (14,016 $ saved: month 11), again 12,000 $ in month 13.
    expect(savingsReport({ ...CASE, plan: [dear] }).plan?.breakEvenMonth).toBe(11);
    const dearer = reserve("plan", 2, { upfrontMicroUsd: 7_500_000_000 });
    // 15,000 $ a year, 14,016 $ saved in it.
    expect(savingsReport({ ...CASE, plan: [dearer] }).plan?.breakEvenMonth).toBeUndefined();
  });

  it("what is held and has ended where the plan is looked at is not counted beside its renewal", () => {
    const held = [reserve("held", 3, NO_UPFRONT)];
    const renewal = [reserve("plan", 3, NO_UPFRONT)];
    expect(costs({ ...CASE, held, plan: renewal, heldWithPlan: [] })).toEqual([4, 2.4, 1.62, 1.62]);
  });

  it("nothing is saved where nothing runs", () => {
    expect(savingsReport({ ...CASE, oneEach: [], packed: [] }).saving).toBeUndefined();
  });

  it("a plan that is used too little is never won back, and says so", () => {
    const { plan, steps } = savingsReport({ ...CASE, plan: [reserve("plan", 9, NO_UPFRONT)] });
    expect(plan).toMatchObject({ breakEvenMonth: undefined });
    expect(steps[3]?.utilization).toBeCloseTo(3 / 9, 12);
  });

  it("regret is what the plan costs more than a smaller one, where demand falls by a fifth", () => {
    const regret = (count: number) =>
      savingsReport({ ...CASE, plan: [reserve("p", count, NO_UPFRONT)] }).plan?.regretAtLess;
    // Of three machines 2.4 are left. One or two reserved are used all the same.
    expect(regret(1)).toBe(0);
    expect(regret(2)).toBe(0);
    // Three: 1.62 $ an hour; two, which is four fifths of it: 1.08 $ and 0.4 machines on demand, 0.32 $.
    expect(regret(3)).toBeCloseTo(1.62 / 1.4 - 1, 9);
  });

  it("every figure is the sum of its rows, whatever runs and is bought", () => {
    const count = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(count, count, count, count, (small, large, held, plan) => {
        const { steps } = savingsReport({
          ...CASE,
          packed: [line("m7i.xlarge", small), line("m7i.4xlarge", large)],
          held: [reserve("held", held)],
          plan: [reserve("plan", plan, NO_UPFRONT)],
        });
        for (const step of steps) {
          const committed = step.commitments.reduce((sum, row) => sum + row.nanoUsdPerHour, 0n);
          expect(step.committedNanoUsdPerHour).toBe(committed);
          expect(step.nanoUsdPerHour).toBe(step.onDemandNanoUsdPerHour + committed);
          const whole = step.machines.reduce((sum, row) => sum + row.onDemandNanoUsdPerHour, 0n);
          expect(step.onDemandNanoUsdPerHour).toBeLessThanOrEqual(whole);
          if (step.commitments.length === 0) expect(step.onDemandNanoUsdPerHour).toBe(whole);
        }
      }),
    );
  });

  it("without a plan has none, and the last step is the one before", () => {
    const report = savingsReport({ ...CASE, held: [reserve("held", 1)] });
    expect(report.plan).toBeUndefined();
    expect(report.steps[3]).toEqual({ ...report.steps[2], name: "with_plan" });
  });

  it("names what could not be priced", () => {
    expect(savingsReport({ ...CASE, packed: [line("m9z.large", 1)] }).unbilled).toEqual(["m9z.large"]);
  });
});

describe("the page of the report", () => {
  const report = savingsReport({ ...CASE, held: [reserve("cmt_held", 1)], plan: [reserve("cmt_plan", 1, NO_UPFRONT)] });
  const FACTS = {
    title: "Savings <of> Acme",
    madeAt: "2026-11-29",
    prices: ["On demand of us-east-1, version 3"],
    notes: [],
  };
  const page = savingsPage(report, FACTS);

  it("links every figure to its rows, which are on the same page", () => {
    const targets = [...page.matchAll(/href="#(\w+)"/g)].map((match) => match[1]);
    expect(targets).toHaveLength(16);
    for (const target of targets) expect(page).toContain(`id="${target}"`);
    expect(page).toContain("<td>m7i.4xlarge, us-east-1</td><td>3</td><td>$0.800000</td><td>$2.4000</td>");
    expect(page).toContain("1 m7i.4xlarge in us-east-1, standard, 1y, no_upfront (cmt_plan): $0.540000 an hour each");
    expect(page).toContain(
      "1 m7i.4xlarge in us-east-1, standard, 1y, all_upfront (cmt_held): $4,380.00 at the start each",
    );
    expect(page).toContain("−$1.6000");
  });

  it("says what packing saves and what commitments save of the rest, and shows rows once where nothing is held", () => {
    const without = savingsPage(savingsReport({ ...CASE, plan: [reserve("cmt_plan", 1, NO_UPFRONT)] }), FACTS);
    expect(without).toContain("Packing takes off 40.0 %, and commitments 10.8 % of what is left.");
    expect(without.match(/<td>m7i.4xlarge, us-east-1<\/td>/g)).toHaveLength(2);
    expect(without).toContain('the rows are those of <a href="#packed">the step before</a>');
  });

  it("lists a family's sizes from the smallest on", () => {
    const packed = [line("m7i.4xlarge", 1), line("m7i.xlarge", 1), line("m6i.8xlarge", 1)];
    const prices = [...CASE.prices, { region: "us-east-1", machineType: "m6i.8xlarge", microUsdPerHour: 1_536_000 }];
    const [, step] = savingsReport({ ...CASE, packed, prices }).steps;
    expect(step?.machines.map((row) => row.machineType)).toEqual(["m6i.8xlarge", "m7i.xlarge", "m7i.4xlarge"]);
  });

  it("runs no script, fetches nothing, and shows names as they are", () => {
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)|url\((?!#)/);
    expect(page).toContain("<h1>Savings &lt;of&gt; Acme</h1>");
  });

  it("has a picture that says in words what it shows", () => {
    expect(drawWaterfall(report)).toContain(
      'aria-label="One VM each: $2,920 a month; Packed, on demand: $1,752 a month;',
    );
  });
});
