import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan, type PlanRule } from "./check-plan.ts";
import { type CaseInstance, type CaseType, type PackingCase, type PlanNode, STANDARD_POLICY } from "./packing-case.ts";

const type = (name: string, over: Partial<CaseType> = {}): CaseType => ({
  name,
  priceMicroUsdPerHour: 100_000,
  cpuMilli: 4000,
  memoryMib: 16_000,
  volumes: 4,
  instances: 3,
  zones: ["a", "b", "c"],
  ...over,
});
const instance = (name: string, over: Partial<CaseInstance> = {}): CaseInstance => ({
  name,
  cluster: undefined,
  tenant: undefined,
  cpuMilli: 1000,
  memoryMib: 4000,
  volumes: 1,
  zones: ["a"],
  ...over,
});
const node = (instances: readonly string[], over: Partial<PlanNode> = {}): PlanNode => ({
  type: "m",
  zone: "a",
  priceMicroUsdPerHour: 100_000,
  instances,
  ...over,
});

/** Rules with where they are broken, in order. */
function broken(problem: PackingCase, plan: readonly PlanNode[], tenantSharePercent = 100): string[] {
  return checkPlan(problem, plan, { tenantSharePercent }).map(
    ({ rule, where, detail }) => `${rule}: ${where}: ${detail}`,
  );
}

const ofTypes = (...types: CaseType[]) => ({
  with: (...instances: CaseInstance[]): PackingCase => ({ types, instances }),
});

describe("checkPlan", () => {
  it("finds nothing in a plan that keeps every rule to its limit", () => {
    const problem = ofTypes(type("m")).with(
      instance("1", { cluster: "x", tenant: "t", cpuMilli: 2000, volumes: 2 }),
      instance("2", { cluster: "y", tenant: "t", memoryMib: 8000 }),
      instance("3", { zones: ["a", "b"] }),
    );
    expect(broken(problem, [node(["1", "2", "3"])])).toEqual([]);
  });

  it("finds nothing wrong with no plan for no instances, nor with an empty node", () => {
    expect(broken(ofTypes(type("m")).with(), [])).toEqual([]);
    expect(broken(ofTypes(type("m")).with(), [node([])])).toEqual([]);
  });

  it("names an instance that is on no node, on two, twice on one, and one that is not of the case", () => {
    const problem = ofTypes(type("m")).with(instance("1"), instance("2"), instance("3"));
    expect(broken(problem, [node(["2", "4"]), node(["2"]), node(["3", "3"])])).toEqual([
      "repeated_instance: 2: listed 2 times",
      "unknown_instance: 4: the case has none such",
      "repeated_instance: 3: listed 2 times",
      "missing_instance: 1: on no node",
    ]);
  });

  it("names a type that is not of the case, and one that is not sold in the node's zone", () => {
    const problem = ofTypes(type("m", { zones: ["b", "c"] })).with();
    expect(broken(problem, [node([], { type: "n" }), node([]), node([], { zone: "b" })])).toEqual([
      "unknown_type: node 0 (n in a): the case has none such",
      "zone_not_sold: node 1 (m in a): sold in b, c",
    ]);
  });

  it.each([99_999, 100_001, 0, Number.NaN])("names a price of %d that is not the type's", (priceMicroUsdPerHour) => {
    expect(broken(ofTypes(type("m")).with(), [node([], { priceMicroUsdPerHour })])).toEqual([
      `price: node 0 (m in a): ${priceMicroUsdPerHour} instead of 100000`,
    ]);
  });

  it.each([
    ["cpuMilli", 3001, "cpuMilli: 4001 of 4000"],
    ["memoryMib", 12_001, "memoryMib: 16001 of 16000"],
    ["volumes", 4, "volumes: 5 of 4"],
  ])("names a node whose instances want more %s than its type has", (dimension, amount, detail) => {
    const problem = ofTypes(type("m")).with(instance("1"), instance("2", { [dimension]: amount }));
    expect(broken(problem, [node(["1", "2"])])).toEqual([`capacity: node 0 (m in a): ${detail}`]);
    expect(broken(problem, [node(["1"]), node(["2"])])).toEqual([]);
  });

  it("names a node with more instances than its type takes", () => {
    const small = ["1", "2", "3", "4"].map((name) => instance(name, { cpuMilli: 1, memoryMib: 1 }));
    expect(broken(ofTypes(type("m")).with(...small), [node(["1", "2", "3", "4"])])).toEqual([
      "instances_cap: node 0 (m in a): 4 of 3",
    ]);
  });

  it("names an instance that is in no zone of its own", () => {
    const problem = ofTypes(type("m")).with(instance("1", { zones: ["b"] }), instance("2", { zones: ["b", "c"] }));
    expect(broken(problem, [node(["1", "2"])])).toEqual([
      "zone: 1: in a instead of b",
      "zone: 2: in a instead of b, c",
    ]);
  });

  it("names two instances of a cluster on one node, and lets those without a cluster be together", () => {
    const mates = ["1", "2"].map((name) => instance(name, { cluster: "x" }));
    const problem = ofTypes(type("m")).with(...mates, instance("3"), instance("4"));
    expect(broken(problem, [node(["1", "3", "4"]), node(["2"])])).toEqual([]);
    expect(broken(problem, [node(["1", "3", "2"]), node(["4"])])).toEqual(["conflict: node 0 (m in a): 1 and 2 of x"]);
  });

  it("names a node with more of a tenant than its share, of which one is always allowed", () => {
    const many = Array.from({ length: 100 }, (_, index) => instance(`${index}`, { tenant: "t" }));
    const problem = ofTypes(type("m")).with(...many, instance("x", { tenant: "u" }), instance("y", { tenant: "u" }));
    const alone = (names: readonly string[]) => names.map((name) => node([name]));
    const names = many.map(({ name }) => name);
    expect(broken(problem, [node(["0", "1", "x"]), ...alone(names.slice(2)), node(["y"])], 2)).toEqual([]);
    expect(broken(problem, [node(["0", "1", "2"]), ...alone(names.slice(3)), node(["x", "y"])], 2)).toEqual([
      "tenant_share: node 0 (m in a): 3 of t's 100, at most 2",
      "tenant_share: node 98 (m in a): 2 of u's 2, at most 1",
    ]);
  });

  describe("skew", () => {
    const free = (name: string, zones = ["a", "b", "c"]) => instance(name, { cluster: "x", zones });
    const placed = (zones: Readonly<Record<string, string>>) =>
      Object.entries(zones).map(([name, zone]) => node([name], { zone }));

    it("names each instance that could have gone to a zone with two fewer of its cluster", () => {
      const problem = ofTypes(type("m")).with(free("1"), free("2"), free("3"), free("4"));
      expect(broken(problem, placed({ 1: "a", 2: "b", 3: "c", 4: "a" }))).toEqual([]);
      expect(broken(problem, placed({ 1: "a", 2: "b", 3: "b", 4: "a" }))).toEqual(
        ["1", "2", "3", "4"].map((name) => `skew: ${name}: 2 of x in ${"14".includes(name) ? "a" : "b"}, 0 in c`),
      );
    });

    it("counts pinned instances, and holds only those to it that may choose, among their own zones", () => {
      const pinned = (name: string) => free(name, ["a"]);
      const problem = ofTypes(type("m")).with(pinned("1"), pinned("2"), pinned("3"), free("4"), free("5", ["a", "b"]));
      expect(broken(problem, placed({ 1: "a", 2: "a", 3: "a", 4: "c", 5: "b" }))).toEqual([]);
      expect(broken(problem, placed({ 1: "a", 2: "a", 3: "a", 4: "a", 5: "b" }))).toEqual([
        "skew: 4: 4 of x in a, 0 in c",
      ]);
      expect(broken(problem, placed({ 1: "a", 2: "a", 3: "a", 4: "b", 5: "b" }))).toEqual([
        "skew: 4: 2 of x in b, 0 in c",
      ]);
    });

    it("asks for no zone in which no type holds the instance", () => {
      const large = { memoryMib: 20_000 };
      const onlyHere = type("l", { memoryMib: 32_000, zones: ["a"] });
      const problem = ofTypes(type("m"), onlyHere).with({ ...free("1"), ...large }, { ...free("2"), ...large });
      const plan = ["1", "2"].map((name) => node([name], { type: "l" }));
      expect(broken(problem, plan)).toEqual([]);
    });

    it("says nothing about instances of different clusters or of none", () => {
      const problem = ofTypes(type("m")).with(
        ...["1", "2", "3"].map((name) => instance(name, { cluster: name, zones: ["a", "b"] })),
        ...["4", "5", "6"].map((name) => instance(name, { zones: ["a", "b"] })),
      );
      expect(broken(problem, [node(["1", "2", "3"]), node(["4", "5", "6"])])).toEqual([]);
    });
  });

  it("names the rule of each of 300 random valid plans that one change broke", () => {
    const seen = new Set<PlanRule>();
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), (size, seed) => {
        const next = numbers(seed);
        const { problem, plan } = validPlan(size, next);
        expect(checkPlan(problem, plan, STANDARD_POLICY)).toEqual([]);
        for (const [rule, breakIt] of BREAKS) {
          const changed = breakIt(problem, plan, next);
          if (changed === undefined) continue;
          seen.add(rule);
          const rules = checkPlan(changed.problem, changed.plan, STANDARD_POLICY).map((one) => one.rule);
          expect(rules, rule).toContain(rule);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    expect([...seen].sort()).toEqual(BREAKS.map(([rule]) => rule).sort());
  });
});

interface Planned {
  readonly problem: PackingCase;
  readonly plan: readonly PlanNode[];
}

/** Clusters of 1 to 4, each instance with or without a choice of zones, packed first fit in the zone with fewest of its cluster. */
function validPlan(size: number, next: (below: number) => number): Planned {
  const types = [
    type("m"),
    type("l", { memoryMib: 40_000, cpuMilli: 9000, priceMicroUsdPerHour: 230_000, volumes: 9 }),
  ];
  const instances = Array.from({ length: size }, (_, index) =>
    instance(`${index}`, {
      cluster: next(4) === 0 ? undefined : `c${Math.floor(index / 4)}`,
      tenant: next(3) === 0 ? undefined : `t${next(9)}`,
      cpuMilli: 500 + next(3000),
      memoryMib: 1000 + next(14_000),
      volumes: next(4),
      zones: next(2) === 0 ? ["a", "b", "c"] : [["a", "b", "c"][next(3)] ?? "a"],
    }),
  );
  const problem = { types, instances };
  const plan: { type: string; zone: string; priceMicroUsdPerHour: number; instances: string[] }[] = [];
  const counts = new Map<string, number>();
  // Pinned ones first: those that may choose then level the counts.
  for (const one of instances.toSorted((left, right) => left.zones.length - right.zones.length)) {
    const inZone = (zone: string) => counts.get(`${one.cluster} ${zone}`) ?? 0;
    const zone = one.zones.toSorted((left, right) => inZone(left) - inZone(right))[0] ?? "a";
    counts.set(`${one.cluster} ${zone}`, inZone(zone) + 1);
    const room = plan.find(
      (there) =>
        there.zone === zone &&
        checkPlan(
          { types, instances: instances.filter(({ name }) => [...there.instances, one.name].includes(name)) },
          [{ ...there, instances: [...there.instances, one.name] }],
          STANDARD_POLICY,
        ).every(({ rule }) => rule === "skew"),
    );
    if (room !== undefined) room.instances.push(one.name);
    else {
      const [small, large] = types as [CaseType, CaseType];
      const bought = next(2) === 0 ? small : large;
      plan.push({ type: bought.name, zone, priceMicroUsdPerHour: bought.priceMicroUsdPerHour, instances: [one.name] });
    }
  }
  return { problem, plan };
}

/** Each way to break a valid plan; undefined where this plan does not allow it. */
const BREAKS: readonly (readonly [
  PlanRule,
  (problem: PackingCase, plan: readonly PlanNode[], next: (below: number) => number) => Planned | undefined,
])[] = [
  [
    "missing_instance",
    (problem, plan, next) => onNode(problem, plan, next, (one) => ({ ...one, instances: one.instances.slice(1) })),
  ],
  [
    "repeated_instance",
    (problem, plan, next) => {
      const name = problem.instances[next(problem.instances.length)]?.name ?? "";
      return onNode(problem, plan, next, (one) => ({ ...one, instances: [...one.instances, name] }));
    },
  ],
  [
    "unknown_instance",
    (problem, plan, next) => onNode(problem, plan, next, (one) => ({ ...one, instances: [...one.instances, "?"] })),
  ],
  ["unknown_type", (problem, plan, next) => onNode(problem, plan, next, (one) => ({ ...one, type: "M" }))],
  ["zone_not_sold", (problem, plan, next) => onNode(problem, plan, next, (one) => ({ ...one, zone: "d" }))],
  ["zone", (problem, plan, next) => onNode(problem, plan, next, (one) => ({ ...one, zone: "d" }))],
  [
    "price",
    (problem, plan, next) =>
      onNode(problem, plan, next, (one) => ({ ...one, priceMicroUsdPerHour: one.priceMicroUsdPerHour - 1 })),
  ],
  [
    "capacity",
    (problem, plan, next) =>
      grown(problem, plan, next, (["cpuMilli", "memoryMib", "volumes"] as const)[next(3)] ?? "volumes"),
  ],
  [
    "instances_cap",
    ({ types, instances }, plan) => ({
      problem: { types: types.map((one) => ({ ...one, instances: 0 })), instances },
      plan,
    }),
  ],
  ["conflict", (problem, plan) => together(problem, plan, "cluster")],
  ["tenant_share", (problem, plan) => together(problem, plan, "tenant")],
  [
    "skew",
    ({ types, instances }, plan) => ({
      // Two more of a new cluster that may choose, both in one zone of two.
      problem: {
        types,
        instances: [...instances, ...["p", "q"].map((name) => instance(name, { cluster: "new", zones: ["a", "b"] }))],
      },
      plan: [...plan, node(["p"]), node(["q"])],
    }),
  ],
];

function onNode(
  problem: PackingCase,
  plan: readonly PlanNode[],
  next: (below: number) => number,
  change: (one: PlanNode) => PlanNode,
): Planned {
  const at = next(plan.length);
  return { problem, plan: plan.map((one, index) => (index === at ? change(one) : one)) };
}

/** An instance that wants all that its node has of something, and one more. */
function grown(
  { types, instances }: PackingCase,
  plan: readonly PlanNode[],
  next: (below: number) => number,
  dimension: "cpuMilli" | "memoryMib" | "volumes",
): Planned {
  const there = plan[next(plan.length)];
  const room = types.find(({ name }) => name === there?.type)?.[dimension] ?? 0;
  const change = (one: CaseInstance) => (one.name === there?.instances[0] ? { ...one, [dimension]: room + 1 } : one);
  return { problem: { types, instances: instances.map(change) }, plan };
}

/** Two instances of one cluster, or of a tenant too small to have two on a node, moved to one node. */
function together(problem: PackingCase, plan: readonly PlanNode[], by: "cluster" | "tenant"): Planned | undefined {
  const first = problem.instances.find((one) =>
    problem.instances.some((other) => other !== one && one[by] !== undefined && other[by] === one[by]),
  );
  const second = problem.instances.find((one) => one !== first && one[by] === first?.[by]);
  if (first === undefined || second === undefined) return;
  return {
    problem,
    plan: plan.map((one) => ({
      ...one,
      instances: [
        ...one.instances.filter((name) => name !== second.name),
        ...(one.instances.includes(first.name) ? [second.name] : []),
      ],
    })),
  };
}

/** Whole numbers from 0, below the argument; the same for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
