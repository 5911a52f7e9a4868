import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlacement } from "./check-placement.ts";
import { placeInstances } from "./place.ts";
import type { InstanceRequest, LaunchOption, NodeState } from "./types.ts";

const ZONES = ["a", "b"];
const request = (over: Partial<InstanceRequest> = {}): InstanceRequest => ({
  instanceId: "i1",
  clusterId: "c1",
  organizationId: "o1",
  cpuMilli: 1500,
  memoryMib: 8192,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
  ...over,
});
const option = (machineType: string, gib: number, price: number, zone = "a"): LaunchOption => ({
  poolId: "p",
  zone,
  machineType,
  priceMicroUsdPerHour: price,
  allocatable: { cpuMilli: gib * 250, memoryMib: gib * 1000, volumes: 20, pods: 16 },
  poolRoom: 100,
});
const node = (
  name: string,
  gib: number,
  instances: InstanceRequest[] = [],
  over: Partial<NodeState> = {},
): NodeState => ({
  name,
  poolId: "p",
  zone: "a",
  machineType: `m${gib}`,
  priceMicroUsdPerHour: gib * 10_000,
  allocatable: { cpuMilli: gib * 250, memoryMib: gib * 1000, volumes: 20, pods: 16 },
  coming: false,
  instances,
  ...over,
});

describe("placeInstances", () => {
  it("gives a lone instance the cheapest machine that holds it", () => {
    const plan = placeInstances(
      [request()],
      [],
      [option("large", 64, 900), option("small", 16, 300), option("tiny", 8, 100)],
    );
    expect(plan.machines.map((machine) => machine.machineType)).toEqual(["small"]);
    expect(plan.machines[0]?.alternatives.map((one) => one.machineType)).toEqual(["large"]);
  });

  it("gives a batch of many clusters large machines when those are cheaper for what they take", () => {
    const many = Array.from({ length: 14 }, (_, index) => request({ instanceId: `i${index}`, clusterId: `c${index}` }));
    const plan = placeInstances(many, [], [option("large", 128, 1600), option("small", 16, 300)]);
    expect(plan.machines.map((machine) => machine.machineType)).toEqual(["large"]);
  });

  it("plans no more machines than the pool may have, and says so of the rest", () => {
    const many = ["a", "b", "c"].map((name) => request({ instanceId: name, memoryMib: 14_000 }));
    const options = [{ ...option("small", 16, 300), poolRoom: 2 }];
    const plan = placeInstances(many, [], options);
    expect(plan.machines).toHaveLength(2);
    expect(plan.assignments.map((one) => one.outcome)).toEqual(["new_machine", "new_machine", "refused"]);
    expect(plan.assignments[2]?.candidates.at(-1)?.rejection).toEqual({ kind: "closed", because: "pool_full" });
  });

  it("prefers the node that wastes least of its price", () => {
    const plan = placeInstances([request()], [node("big", 64), node("snug", 16)], []);
    expect(plan.assignments[0]).toMatchObject({ outcome: "placed", node: "snug" });
  });

  it("keeps two data instances of one cluster off one node, and names the other", () => {
    const plan = placeInstances([request({ instanceId: "i2" })], [node("n", 64, [request()])], []);
    expect(plan.assignments[0]?.outcome).toBe("refused");
    expect(plan.assignments[0]?.candidates[0]?.rejection).toEqual({
      kind: "conflict",
      role: "data",
      withInstance: "i1",
    });
  });

  it("says for each refused node which dimension lacks how much", () => {
    const plan = placeInstances([request()], [node("n", 8), node("d", 64, [], { closed: "draining" })], []);
    expect(plan.assignments[0]?.candidates.map((one) => one.rejection)).toEqual([
      { kind: "closed", because: "draining" },
      { kind: "no_room", dimension: "memory", needed: 8192, free: 8000 },
    ]);
  });

  it("breaks no rule on random fleets and replays byte for byte", () => {
    const anyRequest = fc.record({
      clusterId: fc.constantFrom("c1", "c2", "c3", "c4"),
      cpuMilli: fc.integer({ min: 100, max: 8000 }),
      memoryMib: fc.integer({ min: 512, max: 60_000 }),
      volumes: fc.integer({ min: 1, max: 3 }),
      zone: fc.constantFrom(...ZONES),
      holdsData: fc.boolean(),
      masterEligible: fc.boolean(),
    });
    const anyNode = fc.record({
      gib: fc.integer({ min: 4, max: 128 }),
      zone: fc.constantFrom(...ZONES),
      closed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 30 }), fc.array(anyNode, { maxLength: 6 }), (shapes, boxes) => {
        const requests = shapes.map((shape, index) => request({ ...shape, instanceId: `i${index}` }));
        const nodes = boxes.map((box, index) =>
          node(`n${index}`, box.gib, [], { zone: box.zone, ...(box.closed ? { closed: "draining" } : {}) }),
        );
        const options = ZONES.flatMap((zone) => [option("s", 16, 300, zone), option("l", 64, 1000, zone)]).map(
          (one) => ({
            ...one,
            poolRoom: 8,
          }),
        );
        const plan = placeInstances(requests, nodes, options);
        expect(checkPlacement(requests, nodes, options, plan)).toEqual([]);
        expect(JSON.stringify(placeInstances(requests, nodes, options))).toBe(JSON.stringify(plan));
      }),
      { numRuns: 300 },
    );
  });
});

describe("checkPlacement", () => {
  const good = placeInstances([request()], [node("n", 64)], []);

  it("finds an overfull node", () => {
    expect(checkPlacement([request({ memoryMib: 70_000 })], [node("n", 64)], [], good).map((one) => one.rule)).toEqual([
      "capacity",
    ]);
  });

  it("finds a wrong zone, a closed node, a conflict and an instance assigned twice", () => {
    const rules = checkPlacement(
      [request()],
      [node("n", 64, [request({ instanceId: "i0" })], { zone: "b", closed: "draining" })],
      [],
      { ...good, assignments: [...good.assignments, ...good.assignments] },
    ).map((one) => one.rule);
    expect(new Set(rules)).toEqual(new Set(["closed", "zone", "duplicate", "conflict"]));
  });

  it("finds more machines than the pool may have", () => {
    const many = ["a", "b"].map((instanceId) => request({ instanceId, memoryMib: 14_000 }));
    const options = [option("small", 16, 300)];
    const plan = placeInstances(many, [], options);
    const full = [{ ...option("small", 16, 300), poolRoom: 1 }];
    expect(checkPlacement(many, [], options, plan)).toEqual([]);
    expect(checkPlacement(many, [], full, plan).map((one) => one.rule)).toEqual(["pool_full"]);
  });

  it("lets an instance onto a node where two of another cluster stand wrong already", () => {
    const others = ["i8", "i9"].map((instanceId) => request({ instanceId, clusterId: "c9" }));
    const nodes = [node("n", 64, others)];
    expect(checkPlacement([request()], nodes, [], placeInstances([request()], nodes, []))).toEqual([]);
  });
});
