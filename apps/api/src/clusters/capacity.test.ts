import { createClusterBody } from "@berth/contract";
import type { KubeCapacity } from "@berth/db";
import { type ClusterPlan, type KubeId, type MachineId, type PoolId, planCluster } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { neverFits, previewPlacement } from "./capacity.ts";
import { pointerInBody, specOfBody } from "./spec-of-body.ts";

const now = new Date("2026-11-24T12:00:00Z");
const ZONES = ["a", "b", "c"];
const poolId = "pool_1" as PoolId;
const offering = (machineType: string, gib: number, price: number) =>
  ZONES.map((zone) => ({
    zone,
    machineType,
    priceMicroUsdPerHour: price,
    vcpu: gib / 8,
    memoryMib: gib * 1024,
    ebsVolumeLimit: 28,
    ebsVolumeLimitType: "shared",
    unavailableUntil: null as Date | null,
  }));
const PLAIN = { tenantSharePercent: 100, heldZones: [] };
const kube = (over: Partial<KubeCapacity> = {}): KubeCapacity => ({
  kubeId: "kub_1" as KubeId,
  health: "healthy",
  clusters: 0,
  region: "r",
  zones: ZONES,
  isStatic: false,
  observedAt: null,
  pools: [{ poolId, zones: ZONES, machineTypes: ["m16", "m64"], instancesPerMachine: 16, maxMachines: 10, ...PLAIN }],
  offerings: [...offering("m16", 16, 100), ...offering("m64", 64, 400), ...offering("m512", 512, 3000)],
  observed: [],
  machines: [],
  ...over,
});
type Machine = KubeCapacity["machines"][number];
const machine = (zone: string, over: Partial<Machine> = {}): Machine => ({
  machineId: `mac_${zone}` as MachineId,
  poolId,
  zone,
  machineType: "m64",
  priceMicroUsdPerHour: 400,
  allocatable: { cpuMilli: 7000, memoryMib: 55_000, volumes: 20, pods: 16 },
  state: "ready",
  notReady: false,
  instances: [],
  ...over,
});

function planOf(fields: object, zones: readonly string[] = ZONES): ClusterPlan {
  const body = createClusterBody.parse({ name: "demo", region: "r", ...fields });
  const plan = planCluster(specOfBody(body, zones.length), new Map([["r", zones]]), 0);
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value;
}

describe("a preview", () => {
  it("goes by what machine types were seen to offer", () => {
    const observed = [{ poolId, machineType: "m16", cpuMilli: 1500, memoryMib: 8000 }];
    const typesOf = (over: Partial<KubeCapacity>) =>
      previewPlacement(planOf({ size: "8g", instances: 1 }), kube(over), now).map(({ machineType }) => machineType);
    expect([typesOf({}), typesOf({ observed })]).toEqual([["m16"], ["m64"]]);
  });

  it("puts instances on machines that run, and says which types would be launched for the rest", () => {
    const preview = previewPlacement(
      planOf({ size: "8g", instances: 3 }),
      kube({ machines: [machine("a"), machine("b", { state: "draining" })] }),
      now,
    );
    expect(preview.map((one) => [one.zone, one.machine, one.machineType])).toEqual([
      ["a", "existing", "m64"],
      ["b", "new", "m16"],
      ["c", "new", "m16"],
    ]);
  });

  it("puts nothing on a machine whose node is silent", () => {
    const silent = kube({ machines: [machine("a", { notReady: true })] });
    expect(previewPlacement(planOf({ size: "8g", instances: 1 }), silent, now)[0]?.machine).toBe("new");
  });

  it("names no machine: other tenants may be on it", () => {
    const preview = previewPlacement(planOf({ size: "8g", instances: 3 }), kube({ machines: [machine("a")] }), now);
    expect(JSON.stringify(preview)).not.toContain("mac_");
  });

  it("says why there is no place now", () => {
    const full = kube({
      pools: [{ poolId, zones: ZONES, machineTypes: ["m16"], instancesPerMachine: 16, maxMachines: 0, ...PLAIN }],
    });
    const preview = previewPlacement(planOf({ size: "8g", instances: 1 }), full, now);
    expect(preview[0]).toMatchObject({ machine: "none", machineType: null });
    expect(preview[0]?.reason).toContain("pool_full");
  });

  it("names a zone where nothing is launched for now", () => {
    const [pool] = kube().pools;
    const held = kube({ pools: pool === undefined ? [] : [{ ...pool, heldZones: ["a"] }] });
    const [at, ...others] = previewPlacement(planOf({ size: "8g", instances: 3 }), held, now);
    expect(at).toMatchObject({ zone: "a", machine: "none" });
    expect(at?.reason).toContain("zone_held. Nothing is launched in a for now");
    expect(others.map(({ machine }) => machine)).toEqual(["new", "new"]);
  });

  it("knows offerings that lack capacity just now", () => {
    const later = new Date(now.getTime() + 60_000);
    const lacking = kube();
    const offerings = lacking.offerings.map((one) =>
      one.machineType === "m16" ? { ...one, unavailableUntil: later } : one,
    );
    const preview = previewPlacement(planOf({ size: "8g", instances: 1 }), { ...lacking, offerings }, now);
    expect(preview[0]).toMatchObject({ machine: "new", machineType: "m64" });
  });
});

describe("what never fits", () => {
  it("is a size that no type of the pools holds, at the size's pointer", () => {
    const plan = planOf({
      components: [
        { name: "data", size: "8g", instances: 3 },
        { name: "big", roles: ["data"], size: "64g", instances: 1 },
      ],
    });
    expect(neverFits(plan, kube(), now)).toEqual([
      {
        pointer: "/components/1/size",
        code: "no_machine_type_fits",
        detail: "No machine type open in a holds an instance of size 64g.",
      },
    ]);
  });

  it("is not a type that only lacks capacity now", () => {
    const full = kube({
      pools: [{ poolId, zones: ZONES, machineTypes: ["m16"], instancesPerMachine: 16, maxMachines: 0, ...PLAIN }],
    });
    expect(neverFits(planOf({ size: "8g", instances: 1 }), full, now)).toEqual([]);
  });

  it("on a static kube is what none of its machines holds", () => {
    const fixed = kube({ isStatic: true, machines: ZONES.map((zone) => machine(zone)) });
    expect(neverFits(planOf({ size: "8g", instances: 3 }), fixed, now)).toEqual([]);
    expect(neverFits(planOf({ size: "64g", instances: 3 }), fixed, now)).toHaveLength(1);
  });
});

describe("the spec of a body", () => {
  it("has every default: engine, version, roles, storage, zones", () => {
    expect(planOf({ size: "8g", instances: 3 }).spec).toEqual({
      engine: "elasticsearch",
      version: "8.19.21",
      region: "r",
      components: [
        {
          name: "data",
          roles: ["master", "data", "ingest"],
          instances: 3,
          size: "8g",
          storageMib: 240 * 1024,
          zones: 3,
        },
      ],
    });
  });

  it("asks for no more zones than a region has, unless the caller does", () => {
    expect(planOf({ size: "8g", instances: 3 }, ["a"]).spec.components[0]?.zones).toBe(1);
    expect(() => planOf({ size: "8g", instances: 3, zones: 3 }, ["a"])).toThrow("zones_unavailable");
  });

  it("keeps pointers as the caller wrote them", () => {
    const short = createClusterBody.parse({ name: "demo", region: "r", size: "8g", instances: 3 });
    const long = { ...short, components: [] };
    const at = (pointer: string) => [pointerInBody({ pointer }, short), pointerInBody({ pointer }, long)];
    expect(at("/components/0/size")).toEqual(["/size", "/components/0/size"]);
    expect(at("/components")).toEqual(["/instances", "/components"]);
    expect(at("/region")).toEqual(["/region", "/region"]);
  });
});
