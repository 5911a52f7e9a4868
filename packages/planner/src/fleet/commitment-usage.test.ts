import type { NewCommitment } from "@berth/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commitmentUsage, joinUsage } from "./commitment-usage.ts";
import type { FleetHistory, MachineRun, OwnedCommitment } from "./fleet-history.ts";
import { HOUR_MS, machineHours } from "./machine-hours.ts";

const FROM_HOUR = 490_000;
const at = (hours: number) => Math.round((FROM_HOUR + hours) * HOUR_MS);
const run = (from: number, until: number | undefined, change: Partial<MachineRun> = {}): MachineRun => ({
  region: "us-east-1",
  zone: "us-east-1a",
  machineType: "m7i.large",
  count: 1,
  startedMs: at(from),
  endedMs: until === undefined ? undefined : at(until),
  ...change,
});
const RESERVED: NewCommitment = {
  kind: "reserved_instances",
  region: "us-east-1",
  zone: null,
  machineType: "m7i.large",
  family: null,
  offeringClass: "standard",
  term: "1y",
  paymentOption: "all_upfront",
  count: 1,
  upfrontMicroUsd: 525_600_000,
  hourlyMicroUsd: 0,
  commitmentMicroUsdPerHour: null,
  account: null,
  externalId: null,
  startsAt: new Date(at(0)),
  endsAt: new Date(at(8_760)),
};
const COMPUTE: NewCommitment = {
  ...RESERVED,
  kind: "compute_savings_plan",
  region: null,
  machineType: null,
  offeringClass: null,
  count: null,
  upfrontMicroUsd: null,
  hourlyMicroUsd: null,
  commitmentMicroUsdPerHour: 70_000,
  paymentOption: "no_upfront",
};
const history = (
  runs: readonly MachineRun[],
  commitments: readonly OwnedCommitment[] = [],
  hours = 4,
): FleetHistory => ({
  fromHour: FROM_HOUR,
  hours,
  runs,
  commitments,
  prices: [
    { region: "us-east-1", machineType: "m7i.large", microUsdPerHour: 100_000 },
    { region: "us-east-1", machineType: "m7i.xlarge", microUsdPerHour: 200_000 },
  ],
  rateBooks: [
    {
      region: "us-east-1",
      kind: "compute_savings_plan",
      rates: [
        {
          machineType: "m7i.large",
          term: "1y",
          offeringClass: null,
          paymentOption: "no_upfront",
          upfrontMicroUsd: 0,
          hourlyMicroUsd: 70_000,
        },
      ],
    },
  ],
});
const value = ({ over, under }: { readonly over: bigint; readonly under: bigint }) => Number(over) / Number(under);

describe("machines of each hour", () => {
  it("are whole hours in ranges, and parts by their begun seconds", () => {
    const hours = machineHours(history([run(0.5, 3), run(1, undefined), run(1.25, 1.5)]));
    expect(
      hours.map(({ fromHour, hours: many, seconds, count }) => [fromHour - FROM_HOUR, many, seconds, count]),
    ).toEqual([
      [1, 2, 3_600, 2],
      [3, 1, 3_600, 1],
      [0, 1, 1_800, 1],
      [1, 1, 900, 1],
    ]);
  });

  it("have the seconds of the runs, whatever they are", () => {
    const runs = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 0, max: 20_000 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(runs, (pairs) => {
        const all = pairs.map(([from, length]) => run(from / 3_600, (from + length) / 3_600));
        const seconds = machineHours(history(all)).reduce((sum, one) => sum + one.hours * one.seconds * one.count, 0);
        const clipped = pairs.reduce((sum, [from, length]) => {
          const [start, end] = [Math.max(from, 0), Math.min(from + length, 4 * 3_600)];
          return sum + Math.max(0, end - start);
        }, 0);
        expect(seconds).toBe(clipped);
      }),
    );
  });
});

describe("the usage of commitments", () => {
  it("is what the exact bill covers, hour by hour: an m7i.large has four units", () => {
    const usage = commitmentUsage(history([run(0, 2), run(1, 4)], [{ ...RESERVED, id: "one" }]));
    const rows = usage.hours.map(({ eligible, reserved, onDemandNanoUsd }) => [
      value(eligible),
      value(reserved),
      Number(onDemandNanoUsd),
    ]);
    expect(rows).toEqual([
      [4, 4, 0],
      [8, 4, 100_000_000],
      [4, 4, 0],
      [4, 4, 0],
    ]);
    // 525.60 $ over 8,760 hours.
    expect(usage.totals).toMatchObject({
      amortizedUpfrontNanoUsd: 240_000_000n,
      withoutCommitmentsNanoUsd: 500_000_000n,
    });
    expect(usage.reservations.map(({ purchased, used }) => [value(purchased), value(used)])).toEqual([[16, 16]]);
  });

  it("of a savings plan is at the rates of its book; types that the book has not are left on demand", () => {
    const usage = commitmentUsage(
      history([run(0, 4), run(0, 4, { machineType: "m7i.xlarge" })], [{ ...COMPUTE, id: "plan" }]),
    );
    expect(usage.plans.map(({ purchased, used }) => [value(purchased), value(used)])).toEqual([[0.28, 0.28]]);
    expect(usage.families.map(({ eligible, planned }) => [value(eligible), value(planned)])).toEqual([[48, 16]]);
    expect(usage.totals.onDemandNanoUsd).toBe(800_000_000n);
  });

  it("names types that nothing is known of, and bills the others", () => {
    const usage = commitmentUsage(
      history([run(0, 1), run(0, 1, { machineType: "m9z.large" }), run(0, 1, { machineType: "mac1.metal" })]),
    );
    expect(usage.unbilled).toEqual(["m9z.large", "mac1.metal"]);
    expect(usage.totals.onDemandNanoUsd).toBe(100_000_000n);
  });

  it("names savings plans that might cover what ran and of which no rate is known", () => {
    const plan = (id: string, change: Partial<OwnedCommitment> = {}) => ({ ...COMPUTE, id, ...change });
    const unratedOf = (...owned: OwnedCommitment[]) => commitmentUsage(history([run(0, 4)], owned)).unrated;
    expect(unratedOf(plan("rated"), plan("other-term", { term: "3y", paymentOption: "all_upfront" }))).toEqual([
      "other-term",
    ]);
    const family = { kind: "ec2_instance_savings_plan", region: "us-east-1" } as const;
    expect(
      unratedOf(plan("of it", { ...family, family: "m7i" }), plan("of another", { ...family, family: "c7i" })),
    ).toEqual(["of it"]);
  });

  it("of parts of a range, joined, is that of the range", () => {
    const span = fc.tuple(fc.integer({ min: -3_600, max: 21_600 }), fc.integer({ min: 1, max: 20_000 }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), (spans, cut) => {
        const runs = spans.map(([from, length]) => run(from / 3_600, (from + length) / 3_600));
        const owned = [
          { ...RESERVED, id: "one", startsAt: new Date(at(2)) },
          { ...COMPUTE, id: "plan" },
        ];
        const whole = history(runs, owned, 6);
        const parts = [
          { ...whole, hours: cut },
          { ...whole, fromHour: whole.fromHour + cut, hours: 6 - cut },
        ];
        expect(joinUsage(parts.map(commitmentUsage))).toEqual(commitmentUsage(whole));
      }),
      { numRuns: 50 },
    );
  });
});
