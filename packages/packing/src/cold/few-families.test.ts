import { expect, test } from "vitest";
import type { CaseType, PackingCase } from "../case/packing-case.ts";
import { familyOf, fewFamilies } from "./few-families.ts";

const type = (name: string, memoryMib: number): CaseType => ({
  name,
  priceMicroUsdPerHour: 100_000,
  cpuMilli: 4_000,
  memoryMib,
  volumes: 20,
  instances: 16,
  zones: ["a"],
});

const packingCase: PackingCase = {
  types: [
    type("m6a.xlarge", 16_000),
    type("m6a.2xlarge", 32_000),
    type("c6a.xlarge", 8_000),
    type("r6a.xlarge", 64_000),
  ],
  instances: [8_000, 50_000].map((memoryMib, index) => ({
    name: `i${index}`,
    cluster: undefined,
    tenant: undefined,
    cpuMilli: 100,
    memoryMib,
    volumes: 1,
    zones: ["a"],
  })),
};
const node = (name: string, priceMicroUsdPerHour: number) => ({
  type: name,
  zone: "a",
  priceMicroUsdPerHour,
  instances: [],
});

test("the families that most is spent on stay, with all their types", () => {
  const small = { ...packingCase, instances: packingCase.instances.slice(0, 1) };
  const chosen = fewFamilies(small, [node("c6a.xlarge", 5), node("m6a.xlarge", 3), node("m6a.2xlarge", 4)], 1);
  expect(chosen.map(({ name }) => name)).toEqual(["m6a.xlarge", "m6a.2xlarge"]);
});

test("one more family comes in where an instance fits none of the others", () => {
  const chosen = fewFamilies(packingCase, [node("m6a.xlarge", 9), node("r6a.xlarge", 2), node("c6a.xlarge", 1)], 1);
  expect(new Set(chosen.map(({ name }) => familyOf(name)))).toEqual(new Set(["m6a", "r6a"]));
});
