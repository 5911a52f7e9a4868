import { expect, test } from "vitest";
import { instance, lines, packingCase, type } from "./example.test-input.ts";
import { firstFitDecreasing } from "./first-fit-decreasing.ts";

test("the largest goes first, each to the first node that takes it, and nodes shrink to the cheapest type that holds them", () => {
  const types = [type("ten", 10, { memoryMib: 10 }), type("four", 3, { memoryMib: 4 })];
  const sizes = { i1: 4, i2: 6, i3: 3, i4: 7, i5: 4 };
  const plan = firstFitDecreasing(
    packingCase(
      types,
      Object.entries(sizes).map(([name, mib]) => instance(name, mib)),
    ),
  );
  // On tens: 7 + 3, 6 + 4, 4; on fours, ten for the large ones, the same at no less.
  expect(lines(plan)).toEqual(["ten: i4 i3", "ten: i2 i1", "four: i5"]);
});

test("the base type is the one whose fleet costs least, not the one that is cheapest by the MiB", () => {
  const types = [type("large", 9, { memoryMib: 10 }), type("small", 4, { memoryMib: 4 })];
  const plan = firstFitDecreasing(packingCase(types, [instance("i1", 4), instance("i2", 4)]));
  expect(lines(plan)).toEqual(["small: i1", "small: i2"]);
});

test("what the base type cannot hold opens the cheapest node that can, and others fill it up", () => {
  const types = [
    type("small", 1, { memoryMib: 4 }),
    type("huge", 90, { memoryMib: 100 }),
    type("large", 9, { memoryMib: 10 }),
  ];
  const plan = firstFitDecreasing(packingCase(types, [instance("i1", 4), instance("i2", 8), instance("i3", 2)]));
  expect(lines(plan)).toEqual(["large: i2 i3", "small: i1"]);
});

test("a tenant's share sends its next instance to another node, and without tenants there is none", () => {
  const types = [type("m", 1)];
  const members = ["i1", "i2", "i3"].map((name) => instance(name, 5, { tenant: "t" }));
  expect(firstFitDecreasing(packingCase(types, members))).toHaveLength(3);
  expect(firstFitDecreasing(packingCase(types, members), { tenantSharePercent: 67 })).toHaveLength(2);
  expect(
    firstFitDecreasing(
      packingCase(
        types,
        members.map((one) => ({ ...one, tenant: undefined })),
      ),
    ),
  ).toHaveLength(1);
});
