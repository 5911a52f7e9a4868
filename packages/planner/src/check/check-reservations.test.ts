import { describe, expect, it } from "vitest";
import { planCost } from "../ladder/plan-cost.ts";
import { randomPlanningCase, randomPurchases } from "../testing/random-planning-case.ts";
import { checkReservations } from "./check-reservations.ts";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

describe("the checker of plans", () => {
  it("finds the cost, coverage and utilization that the planner does, on random cases and purchases", () => {
    for (const seed of SEEDS) {
      const planning = { ...randomPlanningCase(seed), guardRails: false };
      const purchases = randomPurchases(planning, seed);
      const faults = checkReservations(planning, { purchases, ...planCost(planning, purchases) });
      expect(faults, `seed ${seed}`).toEqual([]);
    }
  });

  it("refuses a cost that is two nano-dollars off, a share that is off, and purchases of no product, month or whole number", () => {
    const planning = { ...randomPlanningCase(3), guardRails: false };
    const purchases = randomPurchases(planning, 3);
    const claimed = { purchases, ...planCost(planning, purchases) };
    const rulesOf = (more: Partial<typeof claimed>) =>
      checkReservations(planning, { ...claimed, ...more }).map(({ rule, where }) => `${rule} at ${where}`);
    expect(rulesOf({ expectedNanoUsd: claimed.expectedNanoUsd + 2n })).toEqual(["cost at cost"]);
    expect(rulesOf({ expectedNanoUsd: claimed.expectedNanoUsd - 2n })).toEqual(["cost at cost"]);
    expect(rulesOf({ coverage: claimed.coverage + 1e-6 })).toEqual(["coverage at coverage"]);
    expect(rulesOf({ utilization: claimed.utilization - 1e-6 })).toEqual(["utilization at utilization"]);
    expect(rulesOf({ purchases: purchases.slice(1) })).toContain("cost at cost");
    for (const wrong of [
      { product: planning.products.length, month: 0, count: 1 },
      { product: 0, month: planning.months, count: 1 },
      { product: 0, month: 0, count: 0 },
      { product: 0, month: 0, count: 1.5 },
    ]) {
      expect(rulesOf({ purchases: [wrong] })).toEqual(["purchase at purchases[0]"]);
    }
  });

  it("refuses three-year commitments above the lower quartile, and a month in which more than a sixth ends", () => {
    const unit = { machineType: "m7i.xlarge", units: 1 };
    const month = [
      { hours: 200, milliUnits: [10_000] },
      { hours: 530, milliUnits: [20_000] },
    ];
    const planning = {
      months: 36,
      families: [{ name: "m7i", unit: "m7i.xlarge", onDemandMicroUsdPerHour: 200_000, sizes: [unit] }],
      demands: [{ name: "m7i", options: [{ family: 0, milliUnits: 1_000 }] }],
      scenarios: [{ name: "one", weight: 1, months: Array.from({ length: 36 }, () => month) }],
      products: (["1y", "3y"] as const).map((term) => ({
        kind: "reserved" as const,
        name: term,
        family: 0,
        term,
        offeringClass: "standard" as const,
        paymentOption: "no_upfront" as const,
        upfrontMicroUsd: 0,
        hourlyMicroUsd: 100_000,
      })),
      held: [],
      discountPercent: 0,
      risk: { alphaPercent: 95, weightPercent: 0, mostLossMicroUsd: undefined },
      guardRails: true,
    };
    const rulesOf = (purchases: { product: number; month: number; count: number }[]) => [
      ...new Set(checkReservations(planning, { purchases, ...planCost(planning, purchases) }).map(({ rule }) => rule)),
    ];
    const ramp = (product: number, units: number, purchases: number) =>
      Array.from({ length: purchases }, (_, month) => ({ product, month, count: units / purchases }));
    // 20 units or more are wanted in 530 of 730 hours, which is less than three of four.
    expect(rulesOf(ramp(1, 10, 10))).toEqual([]);
    expect(rulesOf(ramp(1, 11, 11))).toEqual(["three_year_share"]);
    expect(rulesOf(ramp(0, 18, 6))).toEqual([]);
    expect(rulesOf(ramp(0, 20, 4))).toEqual(["ending_share"]);
  });

  const flat = (units: readonly number[], months: number) =>
    Array.from({ length: months }, () => [{ hours: 730, milliUnits: units.map((one) => one * 1_000) }]);
  const product = {
    offeringClass: "standard",
    paymentOption: "no_upfront",
    upfrontMicroUsd: 0,
    hourlyMicroUsd: 100_000,
  } as const;
  const family = (name: string) => ({
    name,
    unit: `${name}.xlarge`,
    onDemandMicroUsdPerHour: 200_000,
    sizes: [{ machineType: `${name}.xlarge`, units: 1 }],
  });
  const base = {
    months: 12,
    families: [family("m7i")],
    demands: [{ name: "m7i", options: [{ family: 0, milliUnits: 1_000 }] }],
    scenarios: [{ name: "one", weight: 1, months: flat([72], 12) }],
    products: [{ kind: "reserved" as const, name: "1y", family: 0, term: "1y" as const, ...product }],
    held: [],
    discountPercent: 0,
    risk: { alphaPercent: 95, weightPercent: 0, mostLossMicroUsd: undefined },
    guardRails: true,
  };
  const rulesOf = (planning: Parameters<typeof checkReservations>[0], count: number) => {
    const purchases = count === 0 ? [] : [{ product: 0, month: 0, count }];
    const faults = checkReservations(planning, { purchases, ...planCost(planning, purchases) });
    return [...new Set(faults.map(({ rule }) => rule))];
  };

  it("counts what is held and ends in the same month: it leaves less room, and not more", () => {
    const held = [
      {
        kind: "reserved" as const,
        name: "ri",
        family: 0,
        term: "1y" as const,
        units: 60,
        hourlyMicroUsd: 100_000,
        startMonth: 0,
        endMonth: 12,
      },
    ];
    expect(rulesOf({ ...base, held }, 12)).toEqual(["ending_share"]);
    // Of 60 that run on, ten may end together, and a sixth of their own.
    expect(rulesOf({ ...base, held: held.map((one) => ({ ...one, startMonth: 1, endMonth: 13 })) }, 12)).toEqual([]);
  });

  it("holds a savings plan to the families that it serves: another's demand is no reason for it", () => {
    const planning = {
      ...base,
      months: 36,
      families: [family("m7i"), family("r7i")],
      demands: [
        { name: "m7i", options: [{ family: 0, milliUnits: 1_000 }] },
        { name: "r7i", options: [{ family: 1, milliUnits: 1_000 }] },
      ],
      scenarios: [
        {
          name: "one",
          weight: 1,
          months: Array.from({ length: 36 }, () => [
            { hours: 438, milliUnits: [100_000, 100_000] },
            { hours: 292, milliUnits: [0, 100_000] },
          ]),
        },
      ],
      products: [
        {
          kind: "savings_plan" as const,
          name: "sp",
          term: "3y" as const,
          paymentOption: "no_upfront" as const,
          stepMicroUsdPerHour: 100_000,
          rates: [100_000, 0],
        },
      ],
    };
    expect(rulesOf(planning, 1)).toEqual(["three_year_share"]);
    const serving = { ...planning, products: planning.products.map((one) => ({ ...one, rates: [0, 100_000] })) };
    expect(rulesOf(serving, 1)).toEqual([]);
  });

  it("refuses what loses more in the worst cases than is allowed", () => {
    const planning = {
      ...base,
      guardRails: false,
      scenarios: [
        { name: "all", weight: 19, months: flat([72], 12) },
        { name: "none", weight: 1, months: flat([0], 12) },
      ],
    };
    const limited = (mostLossMicroUsd: number) => ({ ...planning, risk: { ...planning.risk, mostLossMicroUsd } });
    // One unit that nobody uses: 8,760 hours at 0.10 $.
    expect(rulesOf(limited(876_000_000), 1)).toEqual([]);
    expect(rulesOf(limited(875_000_000), 1)).toEqual(["loss"]);
    expect(rulesOf(limited(0), 0)).toEqual([]);
  });
});
