import fc from "fast-check";
import { expect, test } from "vitest";
import { dominantUtilization, type FleetNode, fleetFigures } from "./fleet-figures.ts";

const instance = fc.record({
  organizationId: fc.constantFrom("org_a", "org_b", "org_c"),
  cpuMilli: fc.integer({ min: 0, max: 4000 }),
  memoryMib: fc.integer({ min: 0, max: 16_000 }),
  volumes: fc.integer({ min: 0, max: 3 }),
  holdsData: fc.boolean(),
  used: fc.option(fc.record({ cpuMilli: fc.nat(4000), memoryMib: fc.nat(16_000) }), { nil: undefined }),
});
const node: fc.Arbitrary<FleetNode> = fc.record({
  priceMicroUsdPerHour: fc.integer({ min: 0, max: 5_000_000 }),
  allocatable: fc.record({
    cpuMilli: fc.integer({ min: 0, max: 16_000 }),
    memoryMib: fc.integer({ min: 0, max: 64_000 }),
    volumes: fc.integer({ min: 0, max: 26 }),
    pods: fc.integer({ min: 0, max: 16 }),
  }),
  state: fc.constantFrom("ready", "coming", "leaving"),
  instances: fc.array(instance, { maxLength: 16 }),
});
const fleet = fc.array(node, { maxLength: 8 });

test("shares and utilization are between 0 and 1, and idle money is none of what works", () => {
  fc.assert(
    fc.property(fleet, (nodes) => {
      const figures = fleetFigures(nodes);
      for (const share of [figures.blastRadius, figures.tenantBlastRadius, figures.dominantUtilization]) {
        expect(share ?? 0.5).toBeGreaterThanOrEqual(0);
        expect(share ?? 0.5).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(Number.isSafeInteger(figures.idleMicroUsdPerDay)).toBe(true);
      expect(figures.idleMicroUsdPerDay).toBeLessThanOrEqual(figures.priceMicroUsdPerHour * 24);
      const worked = (figures.dominantUtilization ?? 0) * figures.priceMicroUsdPerHour * 24;
      expect(Math.abs(figures.priceMicroUsdPerHour * 24 - worked - figures.idleMicroUsdPerDay)).toBeLessThan(2);
    }),
  );
});

test("counts, money and sums of two fleets together are the sums of each", () => {
  fc.assert(
    fc.property(fleet, fleet, (one, other) => {
      const [a, b, both] = [fleetFigures(one), fleetFigures(other), fleetFigures([...one, ...other])];
      expect(both.instances).toBe(a.instances + b.instances);
      expect(both.dataInstances).toBe(a.dataInstances + b.dataInstances);
      expect(both.priceMicroUsdPerHour).toBe(a.priceMicroUsdPerHour + b.priceMicroUsdPerHour);
      expect(both.requested.memoryMib).toBe(a.requested.memoryMib + b.requested.memoryMib);
      expect(both.allocatable.pods).toBe(a.allocatable.pods + b.allocatable.pods);
      expect(Math.abs(both.idleMicroUsdPerDay - a.idleMicroUsdPerDay - b.idleMicroUsdPerDay)).toBeLessThan(3);
      expect(both.measured.used.cpuMilli).toBe(a.measured.used.cpuMilli + b.measured.used.cpuMilli);
      expect(both.densityMax).toBe(Math.max(a.densityMax, b.densityMax));
    }),
  );
});

test("the order of nodes and of instances says nothing", () => {
  fc.assert(
    fc.property(fleet, (nodes) => {
      const turned = nodes.toReversed().map((one) => ({ ...one, instances: one.instances.toReversed() }));
      const [a, b] = [fleetFigures(nodes), fleetFigures(turned)];
      expect({ ...b, dominantUtilization: 0 }).toEqual({ ...a, dominantUtilization: 0 });
      expect(b.dominantUtilization ?? 0).toBeCloseTo(a.dominantUtilization ?? 0, 9);
    }),
  );
});

test("another empty machine makes every fleet emptier, never fuller", () => {
  fc.assert(
    fc.property(fleet, fc.integer({ min: 1, max: 5_000_000 }), (nodes, priceMicroUsdPerHour) => {
      const allocatable = { cpuMilli: 1000, memoryMib: 1000, volumes: 1, pods: 1 };
      const more = fleetFigures([...nodes, { priceMicroUsdPerHour, allocatable, state: "ready", instances: [] }]);
      const before = fleetFigures(nodes);
      expect(more.dominantUtilization).toBeLessThanOrEqual((before.dominantUtilization ?? 1) + 1e-12);
      expect(more.densityMean).toBeLessThanOrEqual(before.densityMean ?? 0);
      expect(more.idleMicroUsdPerDay).toBe(before.idleMicroUsdPerDay + priceMicroUsdPerHour * 24);
      expect(more.blastRadius).toBe(before.blastRadius);
    }),
  );
});

const whole = { cpuMilli: 4000, memoryMib: 16_000, volumes: 10, pods: 16 };
const small = {
  organizationId: "org_a",
  cpuMilli: 1000,
  memoryMib: 8000,
  volumes: 1,
  holdsData: true,
  used: undefined,
};

test("the figures of a fleet that can be counted by hand", () => {
  const figures = fleetFigures([
    {
      priceMicroUsdPerHour: 1_000_000,
      allocatable: whole,
      state: "ready",
      instances: [small, { ...small, used: { cpuMilli: 90, memoryMib: 6000 } }],
    },
    {
      priceMicroUsdPerHour: 3_000_000,
      allocatable: whole,
      state: "coming",
      instances: [{ ...small, organizationId: "org_b", holdsData: false }],
    },
  ]);
  expect(figures).toEqual({
    machines: { ready: 1, coming: 1, leaving: 0 },
    instances: 3,
    dataInstances: 2,
    priceMicroUsdPerHour: 4_000_000,
    requested: { cpuMilli: 3000, memoryMib: 24_000, volumes: 3, pods: 3 },
    allocatable: { cpuMilli: 8000, memoryMib: 32_000, volumes: 20, pods: 32 },
    measured: {
      instances: 1,
      used: { cpuMilli: 90, memoryMib: 6000 },
      requested: { cpuMilli: 1000, memoryMib: 8000 },
    },
    densityMean: 1,
    densityMax: 2,
    blastRadius: 2 / 3,
    tenantBlastRadius: 1, // org_b has one alone, which says nothing.
    dominantUtilization: (1 * 1 + 3 * 0.5) / 4,
    idleMicroUsdPerDay: 36_000_000,
  });
});

test("memory, CPU and volumes count by the fullest; slots never do", () => {
  const full = { allocatable: { ...whole, pods: 2 }, instances: [small, { ...small, memoryMib: 0 }] };
  expect(dominantUtilization(full)).toBe(0.5);
  expect(dominantUtilization({ ...full, allocatable: { ...whole, volumes: 2 } })).toBe(1);
});

test("nothing at all has no shares, and costs nothing", () => {
  const figures = fleetFigures([]);
  expect(figures).toMatchObject({ instances: 0, priceMicroUsdPerHour: 0, idleMicroUsdPerDay: 0, densityMax: 0 });
  expect([figures.densityMean, figures.blastRadius, figures.tenantBlastRadius, figures.dominantUtilization]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
