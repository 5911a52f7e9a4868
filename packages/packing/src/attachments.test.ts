import { seededRandom } from "@berth/domain";
import { openInThreadSolver } from "@berth/solver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PackingCase, STANDARD_POLICY } from "./case/packing-case.ts";
import { ColdPlan } from "./cold/cold-plan.ts";
import { planMoves, STANDARD_REBALANCE } from "./consolidation/plan-moves.ts";
import type { RunningNode } from "./consolidation/rebalance-plan.ts";
import { placeInstances } from "./place.ts";
import type { InstanceRequest, LaunchOption, NodeState } from "./types.ts";

/** Machines with more CPU and memory than anybody wants: attachments alone bind. */
const ROOMY = { cpuMilli: 1_000_000, memoryMib: 1_000_000, pods: 100 };
const NOW = new Date("2026-11-28T12:00:00Z");
const seeds = fc.integer({ min: 1, max: 1_000_000 });

function clusters(seed: number, zones: readonly string[]): InstanceRequest[] {
  const random = seededRandom(seed);
  return Array.from({ length: 3 + random.integer(8) }, (_, cluster) => {
    const volumes = 2 + random.integer(2);
    return Array.from({ length: 1 + random.integer(6) }, (_, index) => ({
      instanceId: `c${cluster}-${index}`,
      clusterId: `c${cluster}`,
      organizationId: "o",
      cpuMilli: 500,
      memoryMib: 2048,
      volumes,
      zone: zones[index % zones.length] as string,
      holdsData: true,
      masterEligible: true,
    }));
  }).flat();
}

function option(seed: number, zone: string, over: Partial<LaunchOption> = {}): LaunchOption {
  const volumes = 3 + seededRandom(seed).integer(9);
  const allocatable = { ...ROOMY, volumes };
  return { poolId: "p", zone, machineType: "m", priceMicroUsdPerHour: 100_000, allocatable, poolRoom: 5, ...over };
}

const attached = (instances: readonly { readonly volumes: number }[]) =>
  instances.reduce((sum, one) => sum + one.volumes, 0);

describe("with two or three volumes an instance, no node has more attachments than it may", () => {
  it("by placements, which use them up before they refuse", () => {
    let refused = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const zones = ["a", "b"];
        const options = zones.map((zone) => option(seed, zone));
        const nodes = zones.map(
          (zone, index): NodeState => ({ ...option(seed + 1, zone), name: `n${index}`, coming: false, instances: [] }),
        );
        const requests = clusters(seed, zones);
        const plan = placeInstances(requests, nodes, options);
        const volumesOf = new Map(requests.map((one) => [one.instanceId, one]));
        for (const { name, allocatable } of nodes) {
          const here = plan.assignments.filter((one) => one.outcome === "placed" && one.node === name);
          const sum = attached(here.map((one) => volumesOf.get(one.instanceId) as InstanceRequest));
          expect(sum).toBeLessThanOrEqual(allocatable.volumes);
        }
        for (const { instances, allocatable } of plan.machines) {
          expect(attached(instances)).toBeLessThanOrEqual(allocatable.volumes);
        }
        refused += plan.assignments.filter((one) => one.outcome === "refused").length;
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(refused).toBeGreaterThan(50);
  });

  it("by cold plans, which need as many machines as attachments ask for", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const zones = ["a", "b"];
        const { volumes } = option(seed, "a").allocatable;
        const packing: PackingCase = {
          types: [
            {
              name: "m",
              priceMicroUsdPerHour: 100_000,
              cpuMilli: ROOMY.cpuMilli,
              memoryMib: ROOMY.memoryMib,
              volumes,
              instances: ROOMY.pods,
              zones,
            },
          ],
          instances: clusters(seed, zones).map(({ instanceId, zone, cpuMilli, memoryMib, volumes }) => ({
            name: instanceId,
            // Each by itself: no conflict asks for a machine.
            cluster: instanceId,
            tenant: instanceId,
            cpuMilli,
            memoryMib,
            volumes,
            zones: [zone],
          })),
        };
        const solver = await openInThreadSolver();
        try {
          const cold = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed, gap: 1e-3 });
          await cold.generateColumns(3);
          cold.improve(30);
          const plan = cold.plan();
          await cold.close();
          const byName = new Map(packing.instances.map((one) => [one.name, one]));
          const wants = (names: readonly string[]) => attached(names.map((name) => byName.get(name) ?? { volumes: 0 }));
          for (const { instances } of plan) expect(wants(instances)).toBeLessThanOrEqual(volumes);
          expect(plan.flatMap(({ instances }) => instances).sort()).toEqual([...byName.keys()].sort());
          expect(plan.length).toBeGreaterThanOrEqual(wants([...byName.keys()]) / volumes);
        } finally {
          await solver.close();
        }
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  it("by moves, at any step of them, which empty nodes only as far as attachments are free elsewhere", () => {
    let moves = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const limits = new Map<string, number>();
        const fleet = Array.from({ length: 4 + random.integer(5) }, (_, index): RunningNode => {
          const name = `n${index}`;
          const offered = option(random.integer(1000), "a");
          const limit = offered.allocatable.volumes;
          limits.set(name, limit);
          const instances = clusters(seed + index, ["a"])
            .map((one) => ({ ...one, instanceId: `${name}-${one.instanceId}`, clusterId: `${name}-${one.instanceId}` }))
            .map((one) => ({
              ...one,
              storedGib: 10,
              clusterIsGreen: true,
              hasIndexWithoutReplicas: false,
              backupIsRunning: false,
              upgradeIsRunning: false,
            }));
          const fits = instances.filter((_, place) => attached(instances.slice(0, place + 1)) <= limit);
          const kept = fits.filter(() => random.chance(60));
          return { ...offered, name, coming: false, readyAt: new Date(NOW.getTime() - 86_400_000), instances: kept };
        });
        const plan = planMoves(fleet, [], { ...STANDARD_REBALANCE, iterations: 20 }, NOW);
        const loads = new Map(fleet.map(({ name, instances }) => [name, attached(instances)]));
        const volumesOf = new Map(
          fleet.flatMap(({ instances }) => instances).map((one) => [one.instanceId, one.volumes]),
        );
        for (const step of plan.steps) {
          if (step.kind !== "move") continue;
          moves++;
          const volumes = volumesOf.get(step.instanceId) ?? 0;
          // It weighs on both until it has moved.
          loads.set(step.to, (loads.get(step.to) ?? 0) + volumes);
          expect(loads.get(step.to)).toBeLessThanOrEqual(limits.get(step.to) ?? 0);
          loads.set(step.from, (loads.get(step.from) ?? 0) - volumes);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(moves).toBeGreaterThan(50);
  });
});

describe("a zone that is out of capacity", () => {
  const closed = { closed: "insufficient_capacity" };

  it("keeps what has its volumes there waiting, and moves nothing of it, while other zones are served", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const zones = ["a", "b", "c"];
        const full = zones[seed % 3] as string;
        const options = zones.map((zone) => option(seed, zone, { poolRoom: 1000, ...(zone === full ? closed : {}) }));
        const requests = clusters(seed, zones);
        const plan = placeInstances(requests, [], options);
        for (const assignment of plan.assignments) {
          const { zone } = requests.find((one) => one.instanceId === assignment.instanceId) as InstanceRequest;
          expect(assignment.outcome).toBe(zone === full ? "refused" : "new_machine");
          if (assignment.outcome !== "new_machine") continue;
          expect(plan.machines[assignment.machine]).toMatchObject({ zone });
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("still gives what room its nodes have, and no other zone's", () => {
    const [request] = clusters(1, ["a"]);
    const node = (zone: string): NodeState => ({ ...option(1, zone), name: zone, coming: false, instances: [] });
    const options = [option(1, "a", closed), option(1, "b")];
    const placed = placeInstances([request as InstanceRequest], [node("a"), node("b")], options);
    expect(placed.assignments).toMatchObject([{ outcome: "placed", node: "a" }]);
    const refused = placeInstances([request as InstanceRequest], [node("b")], options);
    expect(refused.assignments).toMatchObject([
      { outcome: "refused", refusals: [{ reason: "insufficient_capacity", count: 1 }] },
    ]);
  });
});
