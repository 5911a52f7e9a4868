import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CaseInstance,
  type CaseType,
  type PackingCase,
  type PlanNode,
  STANDARD_POLICY,
  tenantLimit,
} from "../case/packing-case.ts";
import { firstFitDecreasing } from "./first-fit-decreasing.ts";
import { karpenter } from "./karpenter.ts";
import { oneMachineEach } from "./one-machine-each.ts";
import { supergiant2016 } from "./supergiant-2016.ts";

const ZONES = ["a", "b", "c"];

/** Small machines and large instances beside each other, some types in some zones, and one type everywhere that holds all. */
const cases: fc.Arbitrary<PackingCase> = fc
  .record({
    types: fc.array(
      fc.record({
        priceMicroUsdPerHour: fc.integer({ min: 1, max: 1_000_000 }),
        cpuMilli: fc.integer({ min: 1, max: 20 }),
        memoryMib: fc.integer({ min: 1, max: 20 }),
        volumes: fc.integer({ min: 0, max: 14 }),
        instances: fc.integer({ min: 1, max: 16 }),
        zones: fc.subarray(ZONES),
      }),
      { maxLength: 5 },
    ),
    instances: fc.array(
      fc.record({
        cluster: fc.option(fc.constantFrom("c1", "c2", "c3", "c4", "c5", "c6"), { nil: undefined }),
        tenant: fc.option(fc.constantFrom("t1", "t2"), { nil: undefined }),
        cpuMilli: fc.integer({ min: 0, max: 20 }),
        memoryMib: fc.integer({ min: 1, max: 20 }),
        volumes: fc.integer({ min: 0, max: 3 }),
        zones: fc.subarray(ZONES, { minLength: 1 }),
      }),
      { maxLength: 60 },
    ),
  })
  .map(({ types, instances }) => ({
    types: [
      ...types.map((type, n) => ({ ...type, name: `m${n}` })),
      {
        name: "all",
        priceMicroUsdPerHour: 900_000,
        cpuMilli: 20,
        memoryMib: 20,
        volumes: 12,
        instances: 4,
        zones: ZONES,
      },
    ],
    instances: instances.map((instance, n) => ({ ...instance, name: `i${n}` })),
  }));

/** Every rule that the plan breaks, in words. */
function faults(packing: PackingCase, plan: readonly PlanNode[], knowsVolumes: boolean): string[] {
  const types = new Map(packing.types.map((type) => [type.name, type]));
  const instances = new Map(packing.instances.map((instance) => [instance.name, instance]));
  const found: string[] = [];
  const placed = plan.flatMap((node) => node.instances);
  if (placed.length !== instances.size || new Set(placed).size !== instances.size) found.push("not everything once");
  for (const node of plan) {
    const type = types.get(node.type) as CaseType;
    const on = node.instances.map((name) => instances.get(name) as CaseInstance);
    const sum = (of: (instance: CaseInstance) => number) => on.reduce((total, one) => total + of(one), 0);
    const clusters = on.flatMap((one) => one.cluster ?? []);
    if (node.instances.length === 0) found.push("an empty node");
    if (node.priceMicroUsdPerHour !== type.priceMicroUsdPerHour) found.push("price");
    if (!type.zones.includes(node.zone) || on.some((one) => !one.zones.includes(node.zone))) found.push("zone");
    if (sum((one) => one.cpuMilli) > type.cpuMilli) found.push("cpu");
    if (sum((one) => one.memoryMib) > type.memoryMib) found.push("memory");
    if (knowsVolumes && sum((one) => one.volumes) > type.volumes) found.push("volumes");
    if (on.length > type.instances) found.push("cap");
    if (new Set(clusters).size < clusters.length) found.push("conflict");
  }
  return found;
}

function exceedsTenantShare(packing: PackingCase, plan: readonly PlanNode[]): boolean {
  const tenantOf = new Map(packing.instances.map(({ name, tenant }) => [name, tenant]));
  return plan.some((node) =>
    ["t1", "t2"].some((tenant) => {
      const all = packing.instances.filter((instance) => instance.tenant === tenant).length;
      const here = node.instances.filter((name) => tenantOf.get(name) === tenant).length;
      return here > tenantLimit(all, STANDARD_POLICY);
    }),
  );
}

type Policy = (packing: PackingCase) => readonly PlanNode[];
const POLICIES: readonly (readonly [string, Policy, { knowsVolumes: boolean }])[] = [
  ["one machine each", (one) => oneMachineEach(one), { knowsVolumes: true }],
  ["first-fit decreasing", (one) => firstFitDecreasing(one), { knowsVolumes: true }],
  [
    "Supergiant by limits",
    (one) => supergiant2016(one, { stage: "sized_by_limits", cpuLimitPercent: 300 }),
    { knowsVolumes: true },
  ],
  [
    "Supergiant filled by requests",
    (one) => supergiant2016(one, { stage: "filled_by_requests", cpuLimitPercent: 300 }),
    { knowsVolumes: true },
  ],
  ["Karpenter", (one) => karpenter(one, { knowsVolumes: true }), { knowsVolumes: true }],
  ["Karpenter without volumes", (one) => karpenter(one, { knowsVolumes: false }), { knowsVolumes: false }],
  [
    "Karpenter in pools",
    (one) => karpenter(one, { knowsVolumes: true, pools: [["m0", "m1"], ["m2"], ["all", "m3", "m4"]] }),
    { knowsVolumes: true },
  ],
];

describe.each(POLICIES)("%s", (_, policy, { knowsVolumes }) => {
  test("places everything once, and breaks no rule of capacity, cap, zone or cluster", () => {
    fc.assert(
      fc.property(cases, (packing) => {
        expect(faults(packing, policy(packing), knowsVolumes)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("gives the same plan for the same case, and does not change the case", () => {
    fc.assert(
      fc.property(cases, (packing) => {
        const before = structuredClone(packing);
        const plan = policy(packing);
        expect(packing).toEqual(before);
        expect(policy(before)).toEqual(plan);
      }),
      { numRuns: 50 },
    );
  });

  test("refuses, by its name, an instance that no type holds in its zones", () => {
    const type = { name: "m", priceMicroUsdPerHour: 1, cpuMilli: 10, memoryMib: 10, volumes: 1, instances: 4 };
    const all = { ...type, name: "all", zones: ["a"] };
    const instance = { cluster: "c", tenant: "t", cpuMilli: 1, memoryMib: 1, volumes: 1 };
    const elsewhere = { ...instance, name: "elsewhere", zones: ["b"] };
    const large = { ...instance, name: "large", memoryMib: 11, zones: ["a"] };
    expect(() => policy({ types: [all], instances: [elsewhere] })).toThrow(
      "elsewhere fits no machine type in its zones",
    );
    expect(() => policy({ types: [all], instances: [large] })).toThrow("large fits no machine type in its zones");
  });

  test("plans nothing for nothing", () => {
    expect(policy({ types: [], instances: [] })).toEqual([]);
  });
});

test.each([
  ["one machine each", (one: PackingCase) => oneMachineEach(one)],
  ["first-fit decreasing", (one: PackingCase) => firstFitDecreasing(one)],
])("%s lets no node hold more of a tenant than its share", (_, policy) => {
  fc.assert(
    fc.property(cases, (packing) => {
      expect(exceedsTenantShare(packing, policy(packing))).toBe(false);
    }),
  );
});
