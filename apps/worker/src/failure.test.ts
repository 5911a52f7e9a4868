import { PORT_ERROR_KINDS, PortError } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { backoffMs, failureOf } from "./failure.ts";

describe("failureOf", () => {
  it("tells tenants nothing of what a port said", () => {
    for (const kind of PORT_ERROR_KINDS) {
      const failure = failureOf(new PortError(kind, "https://10.0.0.1:6443 refused mac-1"), "apply_objects");
      expect(failure?.message).toContain("10.0.0.1");
      expect(failure?.sentence).not.toMatch(/10\.0\.0\.1|mac-1/);
    }
  });

  it("leaves bugs alone: they must surface", () => {
    expect(failureOf(new TypeError("undefined is not a function"), "observe")).toBeUndefined();
  });
});

describe("backoffMs", () => {
  it("doubles from a second to a minute", () => {
    expect([0, 1, 2, 5, 6, 60].map(backoffMs)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});
