import { expect, test } from "vitest";
import type { PackingCase } from "../../src/index.ts";
import { planFigures } from "./plan-figures.ts";

const size = { cpuMilli: 100, memoryMib: 100, volumes: 1, zones: ["a"] };
const packing: PackingCase = {
  types: [
    { name: "small", priceMicroUsdPerHour: 1, cpuMilli: 200, memoryMib: 400, volumes: 10, instances: 16, zones: ["a"] },
    { name: "large", priceMicroUsdPerHour: 3, cpuMilli: 800, memoryMib: 800, volumes: 4, instances: 16, zones: ["a"] },
  ],
  instances: ["i", "j", "k", "l"].map((name) => ({ ...size, name, cluster: name, tenant: name === "l" ? "u" : "t" })),
};

test("utilization is of the dimension that is fullest, weighed by price; a node may hold one of a tenant whatever its share", () => {
  const plan = [
    { type: "small", zone: "a", priceMicroUsdPerHour: 1, instances: ["i"] },
    { type: "large", zone: "a", priceMicroUsdPerHour: 3, instances: ["j", "k", "l"] },
  ];
  expect(planFigures(packing, plan)).toEqual({
    meanDensity: 2,
    mostOnANode: 3,
    // CPU of the small one is half full, the large one has three of four volumes.
    dominantUtilizationPercent: 100 * ((1 * 0.5 + 3 * 0.75) / 4),
    blastRadiusPercent: 75,
    nodesOverTenantShare: 1,
  });
});
