import { describe, expect, it } from "vitest";
import { marginalPrices } from "./idle-commitments.ts";

const PRICES = [
  { machineType: "m7i.large", microUsdPerHour: 100_000 },
  { machineType: "m7i.xlarge", microUsdPerHour: 200_000 },
  { machineType: "m7i.4xlarge", microUsdPerHour: 800_000 },
  { machineType: "g5.xlarge", microUsdPerHour: 1_000_000 },
  { machineType: "g5.2xlarge", microUsdPerHour: 1_200_000 },
  { machineType: "r7i.xlarge", microUsdPerHour: 250_000 },
];
const of = (machineType: string, count: number, zone: string | null = null) => ({ machineType, zone, count });
const run = (machineType: string, count: number, zone = "a") => ({ machineType, zone, count });

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
});
