import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlacement } from "./check-placement.ts";
import { launchOptions, type ObservedAllocatable } from "./launch-options.ts";
import { placeInstances } from "./place.ts";
import { type FruitlessLaunches, MAX_FRUITLESS_LAUNCHES, QUARANTINE_MS, quarantinedUntil } from "./quarantine.ts";
import type { InstanceRequest } from "./types.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const HOUR = 3_600_000;

const request = (memoryMib: number, over: Partial<InstanceRequest> = {}): InstanceRequest => ({
  instanceId: "i1",
  clusterId: "c1",
  organizationId: "o1",
  cpuMilli: 250,
  memoryMib,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
  ...over,
});

const TYPES = ["m8", "m16", "m32", "m64"];
const pool = { poolId: "p", zones: ["a"], machineTypes: TYPES, instancesPerMachine: 16, maxMachines: 1000 };
const offerings = TYPES.map((machineType, index) => ({
  zone: "a",
  machineType,
  priceMicroUsdPerHour: 100 * 2 ** index,
  vcpu: 2 ** (index + 1),
  memoryMib: 8192 * 2 ** index,
  ebsVolumeLimit: 32,
  ebsVolumeLimitType: "dedicated",
  unavailableUntil: null,
}));
const optionsWith = (observed: readonly ObservedAllocatable[]) => launchOptions([pool], offerings, observed, [], NOW);

describe("quarantinedUntil", () => {
  it("lets three machines be launched in a row, then one an hour", () => {
    const after = (launches: number, agoMs: number) =>
      quarantinedUntil({ launches, lastAt: new Date(NOW.getTime() - agoMs) }, NOW);
    expect(quarantinedUntil(undefined, NOW)).toBeUndefined();
    expect(after(MAX_FRUITLESS_LAUNCHES - 1, 0)).toBeUndefined();
    expect(after(MAX_FRUITLESS_LAUNCHES, 0)).toEqual(new Date(NOW.getTime() + QUARANTINE_MS));
    expect(after(MAX_FRUITLESS_LAUNCHES, QUARANTINE_MS)).toBeUndefined();
    expect(after(50, 1000)).toBeDefined();
  });

  it("bounds what half a day costs where no machine ever fits, whatever the pace of the looks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 600_000 }), (paceMs) => {
        let fruitless: FruitlessLaunches | undefined;
        let launches = 0;
        for (let at = NOW.getTime(); at < NOW.getTime() + 12 * HOUR; at += paceMs) {
          if (quarantinedUntil(fruitless, new Date(at)) !== undefined) continue;
          launches += 1;
          fruitless = { launches, lastAt: new Date(at) };
        }
        // Karpenter's 1905 counted 235.
        expect(launches).toBeLessThanOrEqual(MAX_FRUITLESS_LAUNCHES + 12);
      }),
      { numRuns: 20 },
    );
  });
});

describe("an instance for which no machine is launched now", () => {
  const closed = request(4096, { launchClosed: "launch_quarantined" });

  it("is refused by every offering with that reason, and still goes to a node that there is", () => {
    const plan = placeInstances([closed], [], optionsWith([]));
    expect(plan.machines).toEqual([]);
    expect(plan.assignments[0]?.candidates.map(({ rejection }) => rejection)).toEqual(
      TYPES.map(() => ({ kind: "closed", because: "launch_quarantined" })),
    );
    const [option] = optionsWith([]);
    if (option === undefined) throw new Error("there are offerings");
    const node = { ...option, name: "n", coming: true, instances: [] };
    expect(placeInstances([closed], [node], []).assignments).toMatchObject([{ outcome: "placed", node: "n" }]);
  });

  it("neither rides on a machine that is planned for another nor makes it larger", () => {
    const other = request(4096, { instanceId: "i2", clusterId: "c2" });
    const plan = placeInstances([closed, other], [], optionsWith([]));
    expect(plan.assignments.map(({ outcome }) => outcome)).toEqual(["refused", "new_machine"]);
    expect(plan.machines.map(({ machineType }) => machineType)).toEqual(["m8"]);
    expect(checkPlacement([closed, other], [], optionsWith([]), plan)).toEqual([]);
    const wrong = placeInstances([request(4096), other], [], optionsWith([]));
    expect(checkPlacement([closed, other], [], optionsWith([]), wrong).map(({ rule }) => rule)).toEqual([
      "launch_closed",
    ]);
  });
});

describe("what was observed of a machine type", () => {
  it("goes before its estimate, upwards and downwards", () => {
    const observed = [
      { poolId: "p", machineType: "m8", cpuMilli: 1000, memoryMib: 2000 },
      { poolId: "p", machineType: "m16", cpuMilli: 3000, memoryMib: 15_900 },
      { poolId: "another", machineType: "m32", cpuMilli: 1, memoryMib: 1 },
    ];
    const chosen = (memoryMib: number) =>
      placeInstances([request(memoryMib)], [], optionsWith(observed)).machines.map(({ machineType }) => machineType);
    expect([chosen(2000), chosen(4000), chosen(15_900), chosen(16_000)]).toEqual([["m8"], ["m16"], ["m16"], ["m32"]]);
  });

  it("costs one machine of a type that offers less than it should, and then another type is launched", () => {
    // What each type really offers, in hundredths of its estimate.
    const shares = fc.tuple(...TYPES.map(() => fc.integer({ min: 50, max: 100 })));
    fc.assert(
      fc.property(shares, fc.integer({ min: 512, max: 60_000 }), (percents, memoryMib) => {
        const offered = new Map(
          optionsWith([]).map(({ machineType, allocatable }, index) => [
            machineType,
            Math.floor((allocatable.memoryMib * (percents[index] ?? 100)) / 100),
          ]),
        );
        const observed: ObservedAllocatable[] = [];
        const launched: string[] = [];
        for (;;) {
          const [machine] = placeInstances([request(memoryMib)], [], optionsWith(observed)).machines;
          if (machine === undefined) break;
          launched.push(machine.machineType);
          const real = offered.get(machine.machineType) ?? 0;
          if (real >= memoryMib) break;
          observed.push({ ...machine.allocatable, poolId: "p", machineType: machine.machineType, memoryMib: real });
        }
        expect(new Set(launched).size).toBe(launched.length);
        const last = launched.at(-1);
        const fits = TYPES.some((machineType) => (offered.get(machineType) ?? 0) >= memoryMib);
        expect(last !== undefined && (offered.get(last) ?? 0) >= memoryMib).toBe(fits);
      }),
    );
  });
});
