import { expect, test } from "vitest";
import { instance, lines, packingCase, type } from "./example.test-input.ts";
import { oneMachineEach } from "./one-machine-each.ts";

test("each instance has the cheapest type that holds it, however small", () => {
  const types = [
    type("large", 4, { memoryMib: 40 }),
    type("small", 1, { memoryMib: 10 }),
    type("few-cpu", 2, { cpuMilli: 10 }),
  ];
  const plan = oneMachineEach(packingCase(types, [instance("i1", 5), instance("i2", 11), instance("i3", 10)]));
  expect(lines(plan)).toEqual(["small: i1", "large: i2", "small: i3"]);
});

test("a cluster that may choose is spread over its zones", () => {
  const zones = ["a", "b", "c"];
  const members = ["i1", "i2", "i3", "i4"].map((name) => instance(name, 5, { cluster: "c", zones }));
  const plan = oneMachineEach(packingCase([type("m", 1, { zones })], members));
  expect(plan.map((node) => node.zone)).toEqual(["a", "a", "b", "c"]);
});
