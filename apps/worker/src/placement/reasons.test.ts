import type { Candidate, RejectionReason } from "@berth/packing";
import { expect, it } from "vitest";
import { reasonsOf } from "./reasons.ts";

const refused = (rejection: RejectionReason): Candidate => ({
  target: "mac-1",
  machineType: "m7i.large",
  zone: "a",
  poolId: "pool_1",
  priceMicroUsdPerHour: 1,
  rejection,
});

it("says once why nothing held an instance", () => {
  const full = refused({ kind: "no_room", dimension: "cpu", needed: 2, free: 1 });
  const conflict = refused({ kind: "conflict", role: "data", withInstance: "ins_1" });
  const closed = refused({ kind: "closed", because: "pool_full" });
  expect(reasonsOf([closed, full, conflict, full])).toEqual(["conflict", "no_room", "pool_full"]);
  expect(reasonsOf([])).toEqual([]);
});
