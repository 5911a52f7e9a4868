import { expect, test } from "vitest";
import { oneMachineEachPrice, type SaleOffering } from "./one-machine-each-price.ts";

const offering = (
  machineType: string,
  vcpu: number,
  price: number,
  over: Partial<SaleOffering> = {},
): SaleOffering => ({
  zone: "a",
  machineType,
  priceMicroUsdPerHour: price,
  vcpu,
  memoryMib: vcpu * 8192,
  ebsVolumeLimit: 28,
  ebsVolumeLimitType: "shared",
  architecture: "x86_64",
  ...over,
});
const OFFERINGS = [
  offering("r7i.xlarge", 4, 250_000),
  offering("r7i.2xlarge", 8, 500_000),
  offering("r7i.4xlarge", 16, 1_000_000),
  offering("r7i.8xlarge", 32, 2_000_000),
  offering("r7g.xlarge", 4, 200_000, { architecture: "arm64" }),
  offering("t3.xlarge", 4, 100_000),
  offering("m7i.xlarge", 4, 150_000),
];
const small = { cpuMilli: 1000, memoryMib: 4096, volumes: 1, zone: "a" };

test("each has the cheapest type that holds it, of the pools' types and the smaller sizes of their families", () => {
  const large = { ...small, memoryMib: 50_000 };
  expect(oneMachineEachPrice([small, small, large], ["r7i.4xlarge"], OFFERINGS)).toEqual({
    priceMicroUsdPerHour: 2 * 250_000 + 500_000,
    machines: [
      { zone: "a", machineType: "r7i.xlarge", count: 2 },
      { zone: "a", machineType: "r7i.2xlarge", count: 1 },
    ],
    withoutType: 0,
  });
});

test("neither burstable types nor other processors are compared with, also where a pool launches them", () => {
  const types = ["r7i.4xlarge", "t3.xlarge", "r7g.xlarge"];
  expect(oneMachineEachPrice([small], types, OFFERINGS).priceMicroUsdPerHour).toBe(250_000);
});

test("a size above all that the pools may launch is none of theirs", () => {
  const huge = { ...small, memoryMib: 200_000 };
  expect(oneMachineEachPrice([huge], ["r7i.4xlarge"], OFFERINGS)).toEqual({
    priceMicroUsdPerHour: 0,
    machines: [],
    withoutType: 1,
  });
});

test("what is sold in another zone does not count", () => {
  expect(oneMachineEachPrice([{ ...small, zone: "b" }], ["r7i.4xlarge"], OFFERINGS).withoutType).toBe(1);
});
