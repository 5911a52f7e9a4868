import { expect, test } from "vitest";
import { instance, lines, packingCase, type } from "./example.test-input.ts";
import { karpenter } from "./karpenter.ts";

const knowsVolumes = true;
const SMALL = type("small", 1, { memoryMib: 10 });
const LARGE = type("large", 5, { memoryMib: 40 });

test("the most CPU goes first, then the most memory, then the order of the case", () => {
  const one = { instances: 1 };
  const instances = [
    instance("i1", 5, { cpuMilli: 1000 }),
    instance("i2", 7, { cpuMilli: 1000 }),
    instance("i3", 1, { cpuMilli: 2000 }),
    instance("i4", 7, { cpuMilli: 1000 }),
  ];
  const plan = karpenter(packingCase([type("m", 1, one)], instances), { knowsVolumes });
  expect(lines(plan)).toEqual(["m: i3", "m: i2", "m: i4", "m: i1"]);
});

test("a claim grows as long as any type holds it, whatever that type costs", () => {
  const dear = type("dear", 1000, { memoryMib: 41 });
  const instances = [instance("i1", 10), instance("i2", 10), instance("i3", 10), instance("i4", 10), instance("i5", 1)];
  expect(lines(karpenter(packingCase([SMALL, LARGE], instances), { knowsVolumes }))).toEqual([
    "small: i5",
    "large: i1 i2 i3 i4",
  ]);
  expect(lines(karpenter(packingCase([SMALL, LARGE, dear], instances), { knowsVolumes }))).toEqual([
    "dear: i1 i2 i3 i4 i5",
  ]);
});

test("a claim becomes the cheapest type that still holds it", () => {
  const plan = karpenter(packingCase([LARGE, SMALL], [instance("i1", 4), instance("i2", 6)]), { knowsVolumes });
  expect(lines(plan)).toEqual(["small: i2 i1"]);
});

test("of open claims the one with the fewest instances is tried first", () => {
  // i1 and i2 are one cluster and open a claim each; i3 goes to the older, i4 to the one that has fewer then.
  const instances = [
    instance("i1", 4, { cluster: "c" }),
    instance("i2", 3, { cluster: "c" }),
    instance("i3", 2),
    instance("i4", 1),
  ];
  expect(lines(karpenter(packingCase([LARGE], instances), { knowsVolumes }))).toEqual(["large: i2 i4", "large: i1 i3"]);
});

test("an instance opens a claim in the first pool that has a type for it, and joins claims of every pool", () => {
  const instances = [instance("i1", 30), instance("i2", 10), instance("i3", 10)];
  const pools = [["small"], ["large"]];
  expect(lines(karpenter(packingCase([SMALL, LARGE], instances), { knowsVolumes, pools }))).toEqual([
    "small: i3",
    "large: i1 i2",
  ]);
});

test("volumes narrow the types when it knows them, and are exceeded when it does not", () => {
  const instances = [instance("i1", 1, { volumes: 3 }), instance("i2", 1, { volumes: 3 })];
  const types = [type("few", 1, { volumes: 5 }), type("many", 9, { volumes: 9 })];
  expect(lines(karpenter(packingCase(types, instances), { knowsVolumes: true }))).toEqual(["many: i1 i2"]);
  expect(lines(karpenter(packingCase(types, instances), { knowsVolumes: false }))).toEqual(["few: i1 i2"]);
});

test("zones narrow with what joins, and with them the types that are sold there", () => {
  const types = [type("in-a", 1, { zones: ["a"] }), type("in-both", 2, { zones: ["a", "b"] })];
  const instances = [instance("i1", 2, { zones: ["a", "b"] }), instance("i2", 1, { zones: ["b"] })];
  const [node] = karpenter(packingCase(types, instances), { knowsVolumes });
  expect(node).toMatchObject({ type: "in-both", zone: "b", instances: ["i1", "i2"] });
});
