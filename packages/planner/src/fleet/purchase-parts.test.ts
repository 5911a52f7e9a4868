import type { Rate } from "@berth/domain";
import { expect, it } from "vitest";
import type { PlanningCase } from "../ladder/planning-case.ts";
import { purchaseParts } from "./purchase-parts.ts";

const PLANNING = {
  families: [{ name: "us-east-1/m7i", unit: "m7i.xlarge", onDemandMicroUsdPerHour: 201_600, sizes: [] }],
  products: [
    {
      kind: "reserved",
      name: "ri",
      family: 0,
      term: "1y",
      offeringClass: "standard",
      paymentOption: "partial_upfront",
      upfrontMicroUsd: 500_000_001,
      hourlyMicroUsd: 60_000,
    },
    {
      kind: "savings_plan",
      name: "sp",
      term: "3y",
      paymentOption: "no_upfront",
      stepMicroUsdPerHour: 100_000,
      rates: [1],
    },
  ],
} as unknown as PlanningCase;
const rate: Rate = {
  machineType: "m7i.4xlarge",
  term: "1y",
  offeringClass: "standard",
  paymentOption: "partial_upfront",
  upfrontMicroUsd: 2_001_000_000,
  hourlyMicroUsd: 239_000,
};
const quote = [
  { machineType: "m7i.4xlarge", instances: 3 },
  { machineType: "m7i.large", instances: 1 },
];

it("is the sizes of the quote at their own rates, and in proportion where the book has none", () => {
  const other = { ...rate, term: "3y" as const, upfrontMicroUsd: 1 };
  const parts = purchaseParts(
    PLANNING,
    [{ product: "ri", month: 2, endMonth: 14, units: 12.5, quote }],
    [
      { region: "us-east-1", rates: [other, rate] },
      { region: "eu-1", rates: [{ ...rate, upfrontMicroUsd: 2 }] },
    ],
  );
  expect(parts).toMatchObject([
    {
      purchase: 0,
      part: 0,
      month: 2,
      reserved: {
        region: "us-east-1",
        machineType: "m7i.4xlarge",
        count: 3,
        upfrontMicroUsd: 2_001_000_000,
        hourlyMicroUsd: 239_000,
      },
    },
    {
      purchase: 0,
      part: 1,
      reserved: { machineType: "m7i.large", count: 1, upfrontMicroUsd: 250_000_001, hourlyMicroUsd: 30_000 },
    },
  ]);
});

it("is a savings plan by hand, and refuses a product that the case has not", () => {
  expect(purchaseParts(PLANNING, [{ product: "sp", month: 0, endMonth: 36, steps: 3 }], [])).toEqual([
    { purchase: 0, part: 0, product: "sp", month: 0, term: "3y", paymentOption: "no_upfront", reserved: undefined },
  ]);
  expect(() => purchaseParts(PLANNING, [{ product: "gone", month: 0, endMonth: 12 }], [])).toThrow("gone");
});
