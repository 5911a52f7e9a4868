import { expect, it } from "vitest";
import type { PlannedCommitment, ShownPurchase } from "./planned-commitments.ts";
import { type SettledPart, stillToBuy } from "./still-to-buy.ts";

const PLANNED = [
  { id: "plan/1", product: "ri", kind: "reserved_instances", machineType: "m7i.xlarge", count: 20 },
  {
    id: "plan/2",
    product: "sp",
    kind: "compute_savings_plan",
    machineType: null,
    count: null,
    commitmentMicroUsdPerHour: 700_000,
  },
] as unknown as readonly PlannedCommitment[];
const PURCHASES: readonly ShownPurchase[] = [
  { product: "ri", month: 0, endMonth: 12, units: 12 },
  { product: "ri", month: 1, endMonth: 13, units: 8 },
  { product: "sp", month: 0, endMonth: 36, steps: 3 },
  { product: "sp", month: 4, endMonth: 40, steps: 4 },
  { product: "ri", month: 12, endMonth: 24, units: 12 },
];
const left = (...settled: SettledPart[]) =>
  stillToBuy(PLANNED, PURCHASES, settled).map(({ id, count, commitmentMicroUsdPerHour }) => [
    id,
    count ?? commitmentMicroUsdPerHour,
  ]);
const WHOLE = [
  ["plan/1", 20],
  ["plan/2", 700_000],
];

it("is all of the plan while nothing is settled, and what was bought after the month that is looked at takes nothing away", () => {
  expect(left()).toEqual(WHOLE);
  expect(left({ purchase: 4, machineType: "m7i.xlarge", count: 12 })).toEqual(WHOLE);
  expect(left({ purchase: 99, machineType: "m7i.xlarge", count: 12 })).toEqual(WHOLE);
});

it("is less what is settled, by the sizes that it was bought in", () => {
  const part = { purchase: 0, machineType: "m7i.4xlarge", count: 3 };
  expect(left(part)).toEqual([
    ["plan/1", 8],
    ["plan/2", 700_000],
  ]);
  expect(left(part, { purchase: 1, machineType: "m7i.2xlarge", count: 4 })).toEqual([["plan/2", 700_000]]);
});

it("is less the steps of a savings plan's purchase, as a whole", () => {
  expect(left({ purchase: 2, machineType: null, count: null })[1]).toEqual(["plan/2", 400_000]);
  expect(
    left({ purchase: 2, machineType: null, count: null }, { purchase: 3, machineType: null, count: null }),
  ).toEqual([["plan/1", 20]]);
});
