import { expect, it } from "vitest";
import type { PlanningCase } from "../ladder/planning-case.ts";
import { plannedCommitments } from "./planned-commitments.ts";

const PLANNING = {
  families: [{ name: "us-east-1/m7i", unit: "m7i.xlarge", onDemandMicroUsdPerHour: 201_600, sizes: [] }],
  products: [
    {
      kind: "reserved",
      name: "ri",
      family: 0,
      term: "1y",
      offeringClass: "standard",
      paymentOption: "all_upfront",
      upfrontMicroUsd: 1_120_000_000,
      hourlyMicroUsd: 0,
    },
    {
      kind: "savings_plan",
      name: "sp",
      term: "3y",
      paymentOption: "no_upfront",
      stepMicroUsdPerHour: 100_000,
      rates: [145_000],
    },
  ],
} as unknown as PlanningCase;

it("a plan is what it holds where its first year ends: what was bought by then and runs on, product by product", () => {
  const held = plannedCommitments(
    PLANNING,
    [
      { product: "ri", month: 0, endMonth: 12, units: 3 },
      { product: "ri", month: 2, endMonth: 14, units: 1 },
      { product: "ri", month: 12, endMonth: 24, units: 9 },
      { product: "sp", month: 5, endMonth: 41, steps: 7 },
      { product: "sp", month: 0, endMonth: 11, steps: 1 },
      { product: "gone", month: 0, endMonth: 36, units: 1 },
    ],
    "rsp_1",
    490_000,
  );
  expect(held).toMatchObject([
    {
      id: "rsp_1/1",
      kind: "reserved_instances",
      region: "us-east-1",
      machineType: "m7i.xlarge",
      count: 4,
      upfrontMicroUsd: 1_120_000_000,
    },
    { id: "rsp_1/2", kind: "compute_savings_plan", region: null, commitmentMicroUsdPerHour: 700_000 },
  ]);
  expect(held.map(({ startsAt, endsAt }) => (endsAt.getTime() - startsAt.getTime()) / 3_600_000)).toEqual([
    8_760, 26_280,
  ]);
});
