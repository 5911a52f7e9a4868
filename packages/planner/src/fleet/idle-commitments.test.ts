import { describe, expect, it } from "vitest";
import { book, NOW, of, PRICES, plan, REGION, run } from "../testing/committed-fleet.ts";
import type { OwnedCommitment, PlanRateBook } from "./fleet-history.ts";
import { type MarginalPrice, marginalPrices as pricesOf } from "./idle-commitments.ts";

const marginalPrices = (
  commitments: readonly OwnedCommitment[],
  running: readonly ReturnType<typeof run>[],
  prices: readonly MarginalPrice[],
  rateBooks: readonly PlanRateBook[] = [],
) => pricesOf({ region: REGION, commitments, running, rateBooks }, prices, NOW);

describe("what one more machine really costs", () => {
  it("is next to nothing where idle reserved instances cover it, a part where they cover a part, and else its price", () => {
    // Two xlarge are reserved and idle: half of a 4xlarge.
    expect(marginalPrices([of("m7i.4xlarge", 1)], [run("m7i.xlarge", 2)], PRICES)).toEqual([
      { machineType: "m7i.large", microUsdPerHour: 1 },
      { machineType: "m7i.xlarge", microUsdPerHour: 1 },
      { machineType: "m7i.4xlarge", microUsdPerHour: 400_000 },
    ]);
  });

  it("is the price of all where nothing is idle, also where more runs than is reserved", () => {
    expect(marginalPrices([], [run("m7i.xlarge", 2)], PRICES)).toEqual([]);
    expect(marginalPrices([of("m7i.xlarge", 2)], [run("m7i.xlarge", 2)], PRICES)).toEqual([]);
    expect(marginalPrices([of("m7i.xlarge", 2)], [run("m7i.4xlarge", 2)], PRICES)).toEqual([]);
  });

  it("of a family of fixed sizes is less for the reserved size alone", () => {
    expect(marginalPrices([of("g5.xlarge", 4)], [], PRICES)).toEqual([
      { machineType: "g5.xlarge", microUsdPerHour: 1 },
    ]);
  });

  it("zonal ones cover machines of their type and zone, and leave the regional ones idle; by themselves they make nothing cheaper", () => {
    expect(marginalPrices([of("m7i.xlarge", 3, "a")], [], PRICES)).toEqual([]);
    const both = [of("m7i.xlarge", 1, "a"), of("m7i.xlarge", 1)];
    expect(marginalPrices(both, [run("m7i.xlarge", 1)], PRICES)).toMatchObject([
      { machineType: "m7i.large", microUsdPerHour: 1 },
      { machineType: "m7i.xlarge", microUsdPerHour: 1 },
      { machineType: "m7i.4xlarge", microUsdPerHour: 600_000 },
    ]);
    expect(marginalPrices(both, [run("m7i.xlarge", 1, "b")], PRICES)).toEqual([]);
  });

  it("counts what savings plans leave at their rates: all types of a Compute one, its family of an EC2 Instance one", () => {
    const m7i = PRICES.slice(1, 3);
    // A dollar an hour pays for two xlarge at 0.14 and leaves 0.72, of which a 4xlarge takes 0.56.
    expect(marginalPrices([plan(1)], [run("m7i.xlarge", 2)], m7i, [book("compute_savings_plan")])).toEqual([
      { machineType: "m7i.xlarge", microUsdPerHour: 1 },
      { machineType: "m7i.4xlarge", microUsdPerHour: 1 },
    ]);
    expect(marginalPrices([plan(0.56)], [run("m7i.xlarge", 2)], m7i, [book("compute_savings_plan")])).toEqual([
      { machineType: "m7i.xlarge", microUsdPerHour: 1 },
      { machineType: "m7i.4xlarge", microUsdPerHour: 400_000 },
    ]);
    const ofFamily = plan(5, { kind: "ec2_instance_savings_plan", region: REGION, family: "r7i" });
    expect(marginalPrices([ofFamily], [], PRICES, [book("ec2_instance_savings_plan")])).toEqual([
      { machineType: "r7i.xlarge", microUsdPerHour: 1 },
    ]);
    expect(marginalPrices([plan(5)], [], PRICES)).toEqual([]);
  });

  it("counts what runs in other regions for Compute Savings Plans alone, and reserved instances of those not at all", () => {
    const books = [book("compute_savings_plan"), book("compute_savings_plan", "eu-1")];
    expect(marginalPrices([plan(0.28)], [run("m7i.xlarge", 2, "b", "eu-1")], PRICES, books)).toEqual([]);
    expect(marginalPrices([{ ...of("m7i.xlarge", 2), region: "eu-1" }], [], PRICES)).toEqual([]);
    // What is reserved there covers those first, and leaves the plan idle.
    const covered = [plan(0.28), { ...of("m7i.xlarge", 2), region: "eu-1" }];
    expect(marginalPrices(covered, [run("m7i.xlarge", 2, "b", "eu-1")], PRICES.slice(1, 2), books)).toEqual([
      { machineType: "m7i.xlarge", microUsdPerHour: 1 },
    ]);
  });

  it("is the same by many purchases of a product as by one, and by none whose term the hour is no part of", () => {
    const many = Array.from({ length: 4 }, (_, index) => ({ ...of("m7i.xlarge", 1), id: `cmt_${index}` }));
    const over = { ...of("r7i.xlarge", 4), id: "over", endsAt: new Date(NOW + 60_000) };
    const priced = marginalPrices([...many, over], [run("m7i.xlarge", 1)], PRICES);
    expect(priced).toEqual(marginalPrices([of("m7i.xlarge", 4)], [run("m7i.xlarge", 1)], PRICES));
    expect(priced).not.toEqual([]);
  });
});
