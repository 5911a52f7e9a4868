import { expect, it } from "vitest";
import { reasonsOf } from "./reasons.ts";

it("says once why nothing held an instance", () => {
  const refusals = [
    { reason: "pool_full", count: 12 },
    { reason: "no_room", dimension: "memory", count: 3 },
    { reason: "no_room", dimension: "cpu", count: 2 },
    { reason: "conflict", count: 1 },
  ] as const;
  expect(reasonsOf(refusals)).toEqual(["conflict", "no_room", "pool_full"]);
  expect(reasonsOf([])).toEqual([]);
});
