import { describe, expect, it } from "vitest";
import { explainPurchases } from "./explain-purchases.ts";
import { planFlags } from "./flags.ts";
import { NO_RISK, type PlanningCase, type ReservedProduct } from "./planning-case.ts";
import { quoteSizes } from "./quote-sizes.ts";

const FAMILY = {
  name: "m7i",
  unit: "m7i.xlarge",
  onDemandMicroUsdPerHour: 200_000,
  sizes: [
    { machineType: "m7i.4xlarge", units: 4 },
    { machineType: "m7i.xlarge", units: 1 },
  ],
};
const RESERVED: ReservedProduct = {
  kind: "reserved",
  name: "1y",
  family: 0,
  term: "1y",
  offeringClass: "standard",
  paymentOption: "all_upfront",
  upfrontMicroUsd: 876_000_000,
  hourlyMicroUsd: 0,
};
/** Four units always, eight in a half of the hours. */
const MONTH = [
  { hours: 365, milliUnits: [4_000] },
  { hours: 365, milliUnits: [8_000] },
];
const CASE: PlanningCase = {
  months: 24,
  families: [FAMILY],
  demands: [{ name: "m7i", options: [{ family: 0, milliUnits: 1_000 }] }],
  scenarios: [{ name: "one", weight: 1, months: Array.from({ length: 24 }, () => MONTH) }],
  products: [RESERVED],
  held: [],
  discountPercent: 0,
  risk: NO_RISK,
  guardRails: false,
};

describe("an explanation", () => {
  it("tells by the hours that use it what a purchase pays for, from the bottom up", () => {
    const [low, high] = explainPurchases(CASE, [
      { product: 0, month: 0, count: 4 },
      { product: 0, month: 0, count: 4 },
    ]);
    // 876 dollars a year are 0.1 an hour, a half of the price on demand.
    expect(low).toMatchObject({ payingShare: 0.5, fullyUsedShare: 1, utilization: 1, breakEvenMonth: 5 });
    expect(high).toMatchObject({ payingShare: 0.5, fullyUsedShare: 0.5, utilization: 0.5, breakEvenMonth: 11 });
    expect(low?.savedUsd).toBeCloseTo(4 * 876, 6);
    expect(high?.savedUsd).toBeCloseTo(0, 6);
  });

  it("starts above what is held, and has no month of break-even where there is none", () => {
    const held = [
      {
        kind: "reserved" as const,
        name: "ri",
        family: 0,
        term: "1y" as const,
        units: 6,
        hourlyMicroUsd: 0,
        startMonth: 0,
        endMonth: 12,
      },
    ];
    const [one] = explainPurchases({ ...CASE, held }, [{ product: 0, month: 0, count: 4 }]);
    expect(one?.utilization).toBe(0.25);
    expect(one?.breakEvenMonth).toBeUndefined();
    expect(one?.savedUsd).toBeCloseTo(-2 * 876, 6);
  });
});

describe("a quote", () => {
  it("is in as few instances as sizes allow", () => {
    expect(quoteSizes(FAMILY, 11)).toEqual([
      { machineType: "m7i.4xlarge", instances: 2 },
      { machineType: "m7i.xlarge", instances: 3 },
    ]);
    expect(quoteSizes(FAMILY, 4)).toEqual([{ machineType: "m7i.4xlarge", instances: 1 }]);
  });
});

describe("flags", () => {
  const flagsOf = (planning: PlanningCase, count: number) =>
    planFlags(planning, [{ product: 0, month: 3, count }]).map(({ flag, month }) => `${flag} in ${month}`);

  it("name the month in which more than 20 instances are bought, counted in large sizes", () => {
    expect(flagsOf(CASE, 80)).toEqual([]);
    expect(flagsOf(CASE, 81)).toEqual(["quota in 3"]);
  });

  it("count instances and list value of each region by itself", () => {
    const region = (name: string) => ({ ...FAMILY, name, region: name });
    const product = CASE.products[0] as (typeof CASE.products)[number];
    const two = { ...CASE, families: [region("eu-1"), region("us-1")], products: [product, { ...product, family: 1 }] };
    const buy = (...counts: readonly number[]) =>
      planFlags(
        two,
        counts.map((count, p) => ({ product: p, month: 3, count })),
      ).map(({ flag, detail }) => `${flag}: ${detail.split(", ")[0]} ${/(eu|us)-1/.exec(detail)?.[0]}`);
    expect(buy(80, 80)).toEqual([]);
    expect(buy(80, 81)).toEqual(["quota: 21 instances in a month us-1"]);
  });

  it("name the month from which standard reserved instances are worth half a million", () => {
    const one = { ...CASE, families: [{ ...FAMILY, sizes: [{ machineType: "m7i.48xlarge", units: 48 }] }] };
    expect(flagsOf(one, 48 * 11)).toEqual([]);
    expect(flagsOf(one, 48 * 12)).toEqual(["volume_tier in 3"]);
  });

  it("name the month in which more than a sixth of what is held ends", () => {
    const held = [7, 5, 5, 5, 5, 5, 5].map((units, index) => ({
      kind: "reserved" as const,
      name: `ri-${index}`,
      family: 0,
      term: "3y" as const,
      units,
      hourlyMicroUsd: 0,
      startMonth: -1,
      endMonth: index === 0 ? 10 : 30,
    }));
    expect(planFlags({ ...CASE, held }, []).map(({ flag, month }) => `${flag} in ${month}`)).toEqual([
      "cliff_held in 10",
    ]);
    expect(planFlags({ ...CASE, held: held.slice(1) }, [])).toEqual([]);
  });
});
