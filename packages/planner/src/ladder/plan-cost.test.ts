import { describe, expect, it } from "vitest";
import { billOf, type CaseFile, machines, price, reserved } from "../testing/bill-cases.ts";
import { planCost } from "./plan-cost.ts";
import { NO_RISK, type PlanningCase, type Product } from "./planning-case.ts";

const PRICE = 201_600;
const UNIT = { machineType: "m7i.xlarge", units: 1 };
const RESERVED: Product = {
  kind: "reserved",
  name: "1y",
  family: 0,
  term: "1y",
  offeringClass: "standard",
  paymentOption: "partial_upfront",
  upfrontMicroUsd: 556_000_000,
  hourlyMicroUsd: 63_500,
};
const PLAN: Product = {
  kind: "savings_plan",
  name: "compute",
  term: "1y",
  paymentOption: "no_upfront",
  stepMicroUsdPerHour: 296_220,
  rates: [148_110],
};

/** A year of 730-hour months in which some hours are busy: what a plan models and a bill bills. */
function planningOf(products: readonly Product[], units: readonly (readonly [number, number])[]): PlanningCase {
  const month = units.map(([hours, each]) => ({ hours, milliUnits: [each * 1_000] }));
  return {
    months: 12,
    families: [{ name: "m7i", unit: "m7i.xlarge", onDemandMicroUsdPerHour: PRICE, sizes: [UNIT] }],
    demands: [{ name: "m7i", options: [{ family: 0, milliUnits: 1_000 }] }],
    scenarios: [{ name: "one", weight: 1, months: Array.from({ length: 12 }, () => month) }],
    products,
    held: [],
    discountPercent: 0,
    risk: NO_RISK,
    guardRails: false,
  };
}

function billed(units: readonly (readonly [number, number])[], more: CaseFile): bigint {
  let fromHour = 0;
  const running = Array.from({ length: 12 }, () =>
    units.map(([hours, count]) => {
      const one = machines("A", "m7i.xlarge", "a", count, { fromHour, hours });
      fromHour += hours;
      return one;
    }),
  ).flat();
  const prices = [price("m7i.xlarge", PRICE / 1e6, { planRates: { card: 0.14811 } })];
  return billOf({ period: { fromHour: 0, hours: 8_760 }, machines: running, prices, ...more }).totals.nanoUsd;
}

const MONTH: readonly (readonly [number, number])[] = [
  [200, 9],
  [430, 6],
  [100, 2],
];

describe("the cost of a plan is the bill's", () => {
  it("with reserved instances, to the nano-dollar", () => {
    const purchases = [{ product: 0, month: 0, count: 7 }];
    const plan = planCost(planningOf([RESERVED], MONTH), purchases);
    const reservations = [reserved("ri", "A", "m7i.xlarge", 7, 0.0635, { upfrontUsd: 556 })];
    expect(plan.expectedNanoUsd).toBe(billed(MONTH, { reservations }));
  });

  it("with no commitment at all", () => {
    expect(planCost(planningOf([], MONTH), []).expectedNanoUsd).toBe(billed(MONTH, {}));
  });

  it("with a Compute Savings Plan of whole units, to the nano-dollar", () => {
    const plan = planCost(planningOf([PLAN], MONTH), [{ product: 0, month: 0, count: 2 }]);
    const plans = [
      {
        id: "sp",
        account: "A",
        kind: "compute",
        term: "1y",
        payment: "no_upfront",
        startHour: 0,
        rateCard: "card",
        usdPerHour: 0.59244,
      },
    ];
    expect(plan.expectedNanoUsd).toBe(billed(MONTH, { plans }));
  });
});

it("an hour's idle reserved instance serves the demand that would cost most on demand for what it takes of it", () => {
  const family = (name: string, micro: number) => ({
    name,
    unit: `${name}.xlarge`,
    onDemandMicroUsdPerHour: micro,
    sizes: [],
  });
  const planning: PlanningCase = {
    ...planningOf([], MONTH),
    months: 1,
    families: [family("m7i", 200_000), family("m7a", 100_000), family("r7i", 300_000)],
    demands: [
      { name: "cheap elsewhere", options: [0, 1].map((f) => ({ family: f, milliUnits: 1_000 })) },
      {
        name: "dear elsewhere",
        options: [
          { family: 2, milliUnits: 1_000 },
          { family: 0, milliUnits: 1_000 },
        ],
      },
    ],
    scenarios: [{ name: "one", weight: 1, months: [[{ hours: 730, milliUnits: [1_000, 1_000] }]] }],
    held: [
      { kind: "reserved", name: "ri", family: 0, term: "1y", units: 1, hourlyMicroUsd: 0, startMonth: 0, endMonth: 12 },
    ],
  };
  expect(planCost(planning, []).expectedNanoUsd).toBe(730n * 100_000n * 1_000n);
});
