import type { Rate } from "@berth/domain";
import { savingsReport } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { computeSavingsPlans, reservedInstances } from "./commitments-of.ts";
import { computePlanRates, onDemandPrices, pricesOf2016, reservedRates } from "./price-files.ts";
import { savingsRows } from "./savings-rows.ts";
import { type SteadyDemand, steadyPurchases } from "./steady-purchases.ts";

const REGION = "us-east-1";
const AT_HOUR = 490_000;
const rates = reservedRates(REGION);
const planRates = computePlanRates(REGION);
const demand = (unit: string, units: number): SteadyDemand => ({
  name: unit,
  unit,
  units,
  onDemandMicroUsdPerHour: Math.round((onDemandPrices(REGION)[unit] as number) * 1e6),
  rates: rates.get(unit) ?? [],
});

describe("prices", () => {
  test("a rate that data/aws does not have is not offered", () => {
    const payments = (type: string) => new Set(rates.get(type)?.map(({ paymentOption }) => paymentOption));
    expect(payments("m6a.xlarge")).toEqual(new Set(["no_upfront", "partial_upfront", "all_upfront"]));
    expect(payments("c6a.xlarge")).toEqual(new Set(["no_upfront", "all_upfront"]));
    expect(rates.get("m8a.xlarge")).toBeUndefined();
  });

  test("of 2016 what is known of a payment in parts stands so, and the effective rate by the hour where it is not", () => {
    const partly = (type: string) =>
      pricesOf2016().rates.find(
        ({ machineType, term, paymentOption }) =>
          machineType === type && term === "1y" && paymentOption === "partial_upfront",
      );
    expect(partly("r3.2xlarge")).toMatchObject({
      upfrontMicroUsd: 2_056_000_000,
      hourlyMicroUsd: 125_000,
      hasSplit: true,
    });
    expect(partly("m4.2xlarge")).toMatchObject({ upfrontMicroUsd: 0, hourlyMicroUsd: 281_500, hasSplit: false });
  });
});

describe("what is bought for a fleet that stays as it is", () => {
  test("all of it, at the lowest effective rate of the terms that are allowed", async () => {
    const year = await steadyPurchases([demand("m6a.xlarge", 7), demand("r6a.xlarge", 3)], planRates, "1y");
    expect(
      year.reserved.map(({ demand: { unit }, rate, units }) => [unit, rate.term, rate.paymentOption, units]),
    ).toEqual([
      ["m6a.xlarge", "1y", "all_upfront", 7],
      ["r6a.xlarge", "1y", "all_upfront", 3],
    ]);
    const longer = await steadyPurchases([demand("m6a.xlarge", 7)], planRates, "3y");
    expect(longer.reserved.map(({ rate, units }) => [rate.term, units])).toEqual([["3y", 7]]);
    expect(longer.gap).toBeLessThan(1e-6);
  });

  test("a family without reserved instances gets a savings plan, its last step where that pays", async () => {
    const withoutReserved: SteadyDemand = { ...demand("m6a.xlarge", 10), rates: [] };
    const purchases = await steadyPurchases([withoutReserved], planRates, "1y");
    expect(purchases.reserved).toEqual([]);
    // Ten at 0.11849 $ an hour use 1.1849 $: 0.0849 $ of the last ten cents, which would be 0.1238 $ on demand.
    expect(computeSavingsPlans(purchases, AT_HOUR)).toMatchObject([
      { kind: "compute_savings_plan", paymentOption: "all_upfront", commitmentMicroUsdPerHour: 1_200_000 },
    ]);
  });
});

test("rows as CSV: those of a step add up to its sum, and a description with commas is quoted", () => {
  const line = { region: REGION, zone: "us-east-1a", machineType: "m6a.xlarge", count: 3 };
  const [rate] = rates.get("m6a.xlarge") as readonly [Rate];
  const report = savingsReport({
    atHour: AT_HOUR,
    oneEach: [line],
    packed: [line],
    held: [],
    plan: [reservedInstances({ id: "ri", region: REGION, zone: undefined, rate, count: 2 }, AT_HOUR)],
    prices: [{ region: REGION, machineType: "m6a.xlarge", microUsdPerHour: 172_800 }],
    rateBooks: [],
  });
  const rows = savingsRows(report).split("\n");
  expect(rows[1]).toBe("one_machine_each,machines,us-east-1,m6a.xlarge,3,0.172800000,0.518400000");
  // One on demand and two at 0.11431 $.
  expect(rows.slice(-5)).toEqual([
    "with_plan,machines,us-east-1,m6a.xlarge,3,0.172800000,0.518400000",
    'with_plan,commitment,us-east-1,"2 m6a.xlarge in us-east-1, standard, 1y, no_upfront (ri)",2,,0.228620000',
    "with_plan,on_demand,,,,,0.172800000",
    "with_plan,sum,,,,,0.401420000",
    "",
  ]);
});
