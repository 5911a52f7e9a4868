import { createHash } from "node:crypto";
import { openInThreadSolver } from "@berth/solver";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Offering, PoolPolicy } from "../launch-options.ts";
import { verifyCertificate } from "../verify/verify-certificate.ts";
import type { StudyFleet, StudyInstance, StudyMachine } from "./fleet-case.ts";
import { runStudy, type StudyHost, type StudyOutcome, type StudyRequest } from "./run-study.ts";

type Solver = Awaited<ReturnType<typeof openInThreadSolver>>;
let solver: Solver;
beforeAll(async () => {
  solver = await openInThreadSolver();
});
afterAll(() => solver.close());

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** Seconds are looks at the clock: four of them. */
function host(steps: string[] = []): StudyHost {
  const startTimer = () => {
    let looks = 0;
    return () => looks++ / 4;
  };
  return { solver, startTimer, sha256, tell: (step, done) => steps.push(`${step} ${done.toFixed(3)}`) };
}

const ZONES = ["z-a", "z-b", "z-c"];
const offering = (machineType: string, vcpu: number, price: number, zone: string): Offering => ({
  zone,
  machineType,
  priceMicroUsdPerHour: price,
  vcpu,
  memoryMib: vcpu * 8192,
  ebsVolumeLimit: 28,
  ebsVolumeLimitType: "shared",
  unavailableUntil: new Date("2100-01-01"),
});
const OFFERINGS = ZONES.flatMap((zone) => [
  offering("r7i.xlarge", 4, 264_600, zone),
  offering("r7i.2xlarge", 8, 529_200, zone),
  offering("r7a.2xlarge", 8, 608_600, zone),
  offering("r7i.4xlarge", 16, 1_058_400, zone),
]);
const POOL: PoolPolicy = {
  poolId: "pool_1",
  zones: ZONES,
  machineTypes: ["r7i.xlarge", "r7i.2xlarge", "r7a.2xlarge", "r7i.4xlarge"],
  instancesPerMachine: 16,
  maxMachines: 3,
  tenantSharePercent: 50,
  heldZones: ["z-a"],
  headroom: { instances: 1, cpuMilli: 500, memoryMib: 2048, volumes: 1 },
};

/** Clusters of three, one instance a zone, each on a machine of its own with three others. */
function aFleet(clusters = 12): StudyFleet {
  const instances: StudyInstance[] = [];
  const machines = new Map<string, StudyMachine>();
  for (let cluster = 0; cluster < clusters; cluster++) {
    for (const zone of ZONES) {
      const nodeName = `node-${zone}-${Math.floor(cluster / 4)}`;
      machines.set(nodeName, { nodeName, zone, machineType: "r7i.4xlarge", priceMicroUsdPerHour: 1_058_400 });
      instances.push({
        clusterId: `cl_${cluster}`,
        organizationId: `org_${cluster % 5}`,
        cpuMilli: 500 + 250 * (cluster % 3),
        memoryMib: 4096 * (1 + (cluster % 2)),
        volumes: 1,
        zones: [zone],
        nodeName,
      });
    }
  }
  return { pools: [POOL], offerings: OFFERINGS, observed: [], machines: [...machines.values()], instances };
}

async function run<K extends StudyOutcome["kind"]>(kind: K, request: StudyRequest, fleet = aFleet(), steps?: string[]) {
  const outcome = await runStudy(request, fleet, host(steps));
  expect(outcome.kind, JSON.stringify(outcome).slice(0, 500)).toBe(kind);
  return outcome as Extract<StudyOutcome, { kind: K }>;
}
const COLD = { kind: "cold_plan", seconds: 4, boundSeconds: 4, seed: 1 } as const;
const WHAT_IF = { kind: "simulation", seconds: 4, seed: 1 } as const;

test("a cold plan keeps every rule, and its certificate proves how far it and the fleet are from the bound", async () => {
  const fleet = aFleet();
  const { result, files } = await run("cold_plan", COLD, fleet);
  expect(result).toMatchObject({ violations: 0, verified: true, instancesWithoutPlace: 0, fleetMachines: 9 });
  expect(result.plan.instances).toBe(36);
  const bound = Number(result.lowerBoundNanoUsdPerHour) / 1000;
  expect(bound).toBeGreaterThan(0);
  expect(result.plan.priceMicroUsdPerHour).toBeGreaterThanOrEqual(bound);
  expect(result.plan.priceMicroUsdPerHour).toBeLessThan(result.fleetMicroUsdPerHour);
  const verdict = verifyCertificate({
    typesText: files.types,
    instancesText: files.instances,
    certificateText: files.certificate,
    sha256,
  });
  expect(verdict).toMatchObject({ verified: true, lowerBoundNanoUsdPerHour: BigInt(result.lowerBoundNanoUsdPerHour) });
});

test("what machines strand is the fleet's price less what its instances are worth, which is the bound when all are placed", async () => {
  const fleet = { ...aFleet(), pools: [{ ...POOL, headroom: { ...POOL.headroom, instances: 0 } as never }] };
  const { result } = await run("cold_plan", COLD, fleet);
  const bound = Number(result.lowerBoundNanoUsdPerHour) / 1000;
  expect(Math.abs(result.strandedMicroUsdPerHour - (result.fleetMicroUsdPerHour - bound))).toBeLessThan(20);
  expect(result.stranded).toHaveLength(9);
});

test("the files name no cluster and no tenant, and hold headroom as instances of nobody", async () => {
  const { files } = await run("cold_plan", COLD);
  expect(files.instances).not.toMatch(/cl_|org_/);
  expect(JSON.parse(files.instances)).toHaveLength(36 + 3);
  expect(JSON.parse(files.instances).at(-1)).toEqual({
    name: "headroom-pool_1-z-c-1",
    cpuMilli: 500,
    memoryMib: 2048,
    volumes: 1,
    zones: ["z-c"],
  });
});

test("the same request gives the same plan, and tells how far it has come", async () => {
  const steps: string[] = [];
  const first = await run("cold_plan", COLD, aFleet(), steps);
  const second = await run("cold_plan", COLD);
  expect(second).toEqual(first);
  const parts = steps.map((step) => Number(step.split(" ").at(-1)));
  expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  expect(steps.at(-1)).toBe("verification 0.980");
});

test("a density curve never falls with the cap, and holds each cap", async () => {
  const { result } = await run("density_curve", { kind: "density_curve", seconds: 4, seed: 1 });
  expect(result.points.map(({ cap }) => cap)).toEqual([1, 2, 4, 6, 8, 11, 16, undefined]);
  const prices = result.points.map(({ priceMicroUsdPerHour }) => priceMicroUsdPerHour);
  expect(prices).toEqual(prices.toSorted((a, b) => b - a));
  expect(prices[0]).toBeGreaterThan((prices.at(-1) ?? 0) * 1.5);
  for (const { cap, densityMax } of result.points) expect(densityMax).toBeLessThanOrEqual(cap ?? 1000);
});

test("without a family, none of it is bought; twice the customers are twice the instances", async () => {
  const { result } = await run("simulation", { ...WHAT_IF, whatIf: { withoutFamilies: ["r7i"], customers: 2 } });
  expect(result.before.machinesByType.some(({ machineType }) => machineType.startsWith("r7i."))).toBe(true);
  expect(result.after.machinesByType.map(({ machineType }) => machineType)).toEqual(["r7a.2xlarge"]);
  expect([result.before.instances, result.after.instances]).toEqual([36, 72]);
  expect(result.after).toMatchObject({ restoredElsewhere: 0, withoutPlace: 0 });
  expect(result.after.costRatio).toBeGreaterThanOrEqual(1 - 1e-9);
});

test("new clusters come to the fleet's own, of any size, and choose zones that are left", async () => {
  const newClusters = [
    { clusters: 4, instances: 3, size: "8g", cpuMilli: 1500, memoryMib: 8192 },
    { clusters: 2, instances: 1, size: "2g", cpuMilli: 400, memoryMib: 2048 },
  ];
  const { result } = await run("simulation", { ...WHAT_IF, whatIf: { newClusters, customers: 2 } });
  expect(result.after.instances).toBe(2 * 36 + 14);
  const without = await run("simulation", { ...WHAT_IF, whatIf: { newClusters, withoutZones: ["z-b"] } });
  expect(without.result.after.instances).toBe(36 + 14);
  expect(without.result.after.restoredElsewhere).toBe(12);
  expect(without.result.after.priceMicroUsdPerHour).toBeGreaterThan(without.result.before.priceMicroUsdPerHour);
});

test("what a lost zone had is counted and made again in the others", async () => {
  const { result } = await run("simulation", { ...WHAT_IF, whatIf: { withoutZones: ["z-b"] } });
  expect(result.after.restoredElsewhere).toBe(12); // Its headroom has nothing to restore.
  expect(result.after.instances).toBe(36);
  expect(result.after.zones.map(({ zone }) => zone)).toEqual(["z-a", "z-c"]);
});

test("half the customers are every other cluster, as a whole", async () => {
  const { result } = await run("simulation", { ...WHAT_IF, whatIf: { customers: 0.5 } });
  expect(result.after.instances).toBe(18);
});

test("what fits nothing that is left is counted and not planned", async () => {
  const fleet = aFleet();
  const [first, ...rest] = fleet.instances;
  const large = { ...(first as StudyInstance), memoryMib: 100_000 };
  const whatIf = { withoutFamilies: ["r7i"] };
  const { result } = await run("simulation", { ...WHAT_IF, whatIf }, { ...fleet, instances: [large, ...rest] });
  expect(result.after).toMatchObject({ withoutPlace: 1, instances: 35 });
  const none = await run("simulation", { ...WHAT_IF, whatIf: { withoutFamilies: ["r7i", "r7a"] } });
  expect(none.result.after).toMatchObject({ withoutPlace: 39, instances: 0, machines: 0, costRatio: undefined });
});

test("a fleet with an instance that fits no type is refused by name of the fault", async () => {
  const [first, ...rest] = aFleet().instances;
  const huge = { ...(first as StudyInstance), memoryMib: 1_000_000 };
  const { faults } = await run("refused", COLD, { ...aFleet(), instances: [huge, ...rest] });
  expect(faults[0]?.rule).toContain("1000000 MiB of memory");
});

test("no instances need no machines, and no types are no case", async () => {
  const empty = { ...aFleet(0), pools: [{ ...POOL, headroom: { ...POOL.headroom, instances: 0 } as never }] };
  const { result } = await run("cold_plan", COLD, empty);
  expect(result).toMatchObject({ verified: true, lowerBoundNanoUsdPerHour: "0", plan: { machines: 0 } });
  const { faults } = await run("refused", COLD, { ...aFleet(), offerings: [] });
  expect(faults[0]).toMatchObject({ field: "types" });
});
