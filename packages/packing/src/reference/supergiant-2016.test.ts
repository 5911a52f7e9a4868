import { describe, expect, test } from "vitest";
import { instance, lines, packingCase, type } from "./example.test-input.ts";
import { supergiant2016 } from "./supergiant-2016.ts";

const SMALL = type("small", 4, { cpuMilli: 4000, memoryMib: 40 });
const LARGE = type("large", 10, { cpuMilli: 8000, memoryMib: 80 });
const four = ["i1", "i2", "i3", "i4"].map((name) => instance(name, 1));

describe("sized by limits", () => {
  const options = { stage: "sized_by_limits", cpuLimitPercent: 400 } as const;

  test("an imaginary node of the largest size takes what fits by limits, and becomes the cheapest type that holds it", () => {
    // Two limits of 4,000 fill the large one; of the fifth a small one is enough.
    const plan = supergiant2016(packingCase([SMALL, LARGE], [...four, instance("i5", 1)]), options);
    expect(lines(plan)).toEqual(["large: i1 i2", "large: i3 i4", "small: i5"]);
  });

  test("instances come in the order of the case, not by size", () => {
    const sizes = [50, 40, 30, 40].map((mib, n) => instance(`i${n}`, mib, { cpuMilli: 100 }));
    expect(lines(supergiant2016(packingCase([LARGE], sizes), options))).toEqual(["large: i0 i2", "large: i1 i3"]);
  });

  test("a limit above the largest machine is cut to it", () => {
    const plan = supergiant2016(packingCase([SMALL, LARGE], [instance("i1", 1, { cpuMilli: 3000 })]), options);
    expect(lines(plan)).toEqual(["large: i1"]);
  });

  test("a machine has at most eleven volumes", () => {
    const twelve = Array.from({ length: 12 }, (_, n) => instance(`i${n}`, 1, { cpuMilli: 10 }));
    const plan = supergiant2016(packingCase([LARGE], twelve), options);
    expect(plan.map((node) => node.instances.length)).toEqual([11, 1]);
  });
});

describe("filled by requests", () => {
  const options = { stage: "filled_by_requests", cpuLimitPercent: 400 } as const;

  test("the machine that is up first takes what fits by requests, and what is left without work is not kept", () => {
    const plan = supergiant2016(packingCase([SMALL, LARGE], [...four, instance("i5", 1)]), options);
    expect(lines(plan)).toEqual(["large: i1 i2 i3 i4 i5"]);
  });

  test("a machine keeps the type that limits gave it, though less would hold its requests", () => {
    const plan = supergiant2016(packingCase([SMALL, LARGE], four.slice(0, 2)), options);
    expect(lines(plan)).toEqual(["large: i1 i2"]);
  });

  test("what is crowded out of its machine is planned again", () => {
    // By limits the first two of 40 MiB share a large machine and the one between them has its own; by requests it comes first.
    const between = type("between", 5, { cpuMilli: 6000, memoryMib: 30 });
    const instances = [instance("i1", 40), instance("i2", 20, { cpuMilli: 1500 }), instance("i3", 40)];
    const packing = packingCase([SMALL, LARGE, between], instances);
    expect(lines(supergiant2016(packing, { ...options, stage: "sized_by_limits" }))).toEqual([
      "large: i1 i3",
      "between: i2",
    ]);
    expect(lines(supergiant2016(packing, options))).toEqual(["large: i1 i2", "small: i3"]);
  });
});
