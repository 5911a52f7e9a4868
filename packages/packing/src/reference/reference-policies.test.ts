import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPlan, type PlanRule } from "../case/check-plan.ts";
import { type PackingCase, type PlanNode, STANDARD_POLICY } from "../case/packing-case.ts";
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

type Policy = (packing: PackingCase) => readonly PlanNode[];

interface Relaxed {
  /** The rules that the original could not be asked to keep. */
  readonly rules: readonly PlanRule[];
  readonly volumes?: boolean;
}

const NOTHING: Relaxed = { rules: [] };
const TENANTS: Relaxed = { rules: ["tenant_share"] };
const TENANTS_AND_SKEW: Relaxed = { rules: ["tenant_share", "skew"] };

function violations(packing: PackingCase, plan: readonly PlanNode[], relaxed: Relaxed) {
  const instances = packing.instances.map((one) => ({ ...one, volumes: relaxed.volumes === true ? 0 : one.volumes }));
  return [
    ...checkPlan({ ...packing, instances }, plan, STANDARD_POLICY).filter(({ rule }) => !relaxed.rules.includes(rule)),
    ...plan.filter((node) => node.instances.length === 0).map((node) => ({ rule: "empty node", where: node.type })),
  ];
}

const POLICIES: readonly (readonly [string, Policy, Relaxed])[] = [
  ["one machine each", (one) => oneMachineEach(one), NOTHING],
  ["first-fit decreasing", (one) => firstFitDecreasing(one), NOTHING],
  ["Supergiant by limits", (one) => supergiant2016(one, { stage: "sized_by_limits", cpuLimitPercent: 300 }), TENANTS],
  [
    "Supergiant filled by requests",
    (one) => supergiant2016(one, { stage: "filled_by_requests", cpuLimitPercent: 300 }),
    TENANTS,
  ],
  ["Karpenter", (one) => karpenter(one, { knowsVolumes: true }), TENANTS_AND_SKEW],
  [
    "Karpenter without volumes",
    (one) => karpenter(one, { knowsVolumes: false }),
    { ...TENANTS_AND_SKEW, volumes: true },
  ],
  [
    "Karpenter in pools",
    (one) => karpenter(one, { knowsVolumes: true, pools: [["m0", "m1"], ["m2"], ["all", "m3", "m4"]] }),
    TENANTS_AND_SKEW,
  ],
];

describe.each(POLICIES)("%s", (_, policy, relaxed) => {
  test("breaks no rule but those that the original could not be asked to keep", () => {
    fc.assert(
      fc.property(cases, (packing) => {
        expect(violations(packing, policy(packing), relaxed)).toEqual([]);
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
