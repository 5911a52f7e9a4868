import { openInThreadSolver } from "@berth/solver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Offering } from "../launch-options.ts";
import type { StudyFleet } from "./fleet-case.ts";
import { type FamilyPacking, packFamilies } from "./pack-families.ts";

let solver: Awaited<ReturnType<typeof openInThreadSolver>>;
beforeAll(async () => {
  solver = await openInThreadSolver();
});
afterAll(() => solver.close());

const offering = (machineType: string, vcpu: number, memoryMib: number, priceMicroUsdPerHour: number): Offering => ({
  zone: "a",
  machineType,
  priceMicroUsdPerHour,
  vcpu,
  memoryMib,
  ebsVolumeLimit: 28,
  ebsVolumeLimitType: "shared",
  unavailableUntil: null,
});

/** Prices of us-east-1: m5 and m6i cost the same, m7i is 5 % dearer, r5 has twice the memory for 31 % more. */
const OFFERINGS = [
  ...[1, 2, 4].flatMap((x) => {
    const size = x === 1 ? "xlarge" : `${x}xlarge`;
    return [
      offering(`m5.${size}`, 4 * x, 16_384 * x, 192_000 * x),
      offering(`m6i.${size}`, 4 * x, 16_384 * x, 192_000 * x),
      offering(`m7i.${size}`, 4 * x, 16_384 * x, 201_600 * x),
      offering(`r5.${size}`, 4 * x, 32_768 * x, 252_000 * x),
    ];
  }),
];

/** Instances of a cluster each, three of them on a machine that would hold six. */
function fleet(families: readonly string[], instances = 24, memoryMib = 4_000): StudyFleet {
  const machineTypes = OFFERINGS.map(({ machineType }) => machineType).filter((type) =>
    families.includes(type.split(".")[0] ?? ""),
  );
  return {
    pools: [{ poolId: "pool_1", zones: ["a"], machineTypes, instancesPerMachine: 16, maxMachines: 99 }],
    offerings: OFFERINGS,
    observed: [],
    machines: [],
    instances: Array.from({ length: instances }, (_, i) => ({
      clusterId: `cl_${i}`,
      organizationId: `org_${i % 7}`,
      cpuMilli: 900,
      memoryMib,
      volumes: 1,
      zones: ["a"],
      nodeName: `n${Math.floor(i / 3)}`,
    })),
  };
}

const pack = (of: StudyFleet, wanted: readonly string[] = []) => packFamilies(of, solver, new Set(wanted));
function packedOf(made: FamilyPacking) {
  if (made.kind !== "packed") throw new Error(made.kind);
  return made;
}

describe("a fleet packed by families", () => {
  it("is the cheapest fleet that holds the instances, whatever machines they are on now", async () => {
    const made = packedOf(await pack(fleet(["m6i", "m7i", "r5"])));
    expect(new Set(made.machines.map(({ machineType }) => machineType.split(".")[0]))).toEqual(new Set(["m6i"]));
    // Three to four of them fill an xlarge.
    expect(made.priceMicroUsdPerHour).toBeLessThan(10 * 192_000);
    expect(made.instead).toEqual([]);
  });

  it("may run on another family that costs no more than 0.5 % more", async () => {
    const made = packedOf(await pack(fleet(["m5", "m6i", "m7i"])));
    const own = new Set(made.machines.map(({ machineType }) => machineType.split(".")[0]));
    for (const family of own) {
      const others = made.instead.filter((one) => one.family === family).map((one) => one.instead);
      expect(others).toEqual([family === "m5" ? "m6i" : "m5"]);
    }
    const instead = made.instead[0];
    expect(instead?.machines.every(({ machineType }) => machineType.startsWith(`${instead.instead}.`))).toBe(true);
  });

  it("may run on a family that is paid for already, however dear", async () => {
    const made = packedOf(await pack(fleet(["m6i", "r5"]), ["r5", "c5"]));
    expect(made.instead).toMatchObject([{ family: "m6i", instead: "r5" }]);
  });

  it("is the same each time", async () => {
    expect(await pack(fleet(["m5", "m6i"]))).toEqual(await pack(fleet(["m5", "m6i"])));
  });

  it("is none without instances, and refused where an instance fits no type", async () => {
    expect(await pack(fleet(["m6i"], 0))).toEqual({ kind: "nothing" });
    expect(await pack(fleet(["m6i"], 1, 1_000_000))).toMatchObject({
      kind: "refused",
      faults: [{ rule: expect.stringContaining("must fit a type") }],
    });
    expect(await pack(fleet([]))).toMatchObject({ kind: "refused" });
  });
});
