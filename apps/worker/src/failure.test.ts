import { CommitOutcomeUnknown, LeaseEnded } from "@berth/db";
import type { RunId } from "@berth/domain";
import { PORT_ERROR_KINDS, PortError } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { backoffMs, failureOf, recordFailure } from "./failure.ts";

const RUN = "run_01jd0v6m3pf8tb2k7n5xq4w9ze" as RunId;

describe("failureOf", () => {
  it("tells tenants nothing of what a port said", () => {
    for (const kind of PORT_ERROR_KINDS) {
      const failure = failureOf(new PortError(kind, "https://10.0.0.1:6443 refused mac-1"), "apply_objects", RUN);
      expect(failure?.message).toContain("10.0.0.1");
      expect(failure?.sentence).not.toMatch(/10\.0\.0\.1|mac-1/);
    }
  });

  it("tells nobody what a fault of our own said, and everybody where it is written", () => {
    for (const fault of [new TypeError("cannot parse -----BEGIN PRIVATE KEY"), "-----BEGIN PRIVATE KEY"]) {
      const failure = failureOf(fault, "observe", RUN);
      expect(failure?.guard).toBe("internal_error");
      for (const text of [failure?.message, failure?.sentence]) {
        expect(text).toContain(RUN);
        expect(text).not.toContain("PRIVATE KEY");
      }
      expect(failure?.sentence).not.toContain("TypeError");
    }
  });

  it("has nothing to record of a run that lost its lease, or does not know whether its record landed", () => {
    expect(failureOf(new LeaseEnded("cluster/cl_1"), "observe", RUN)).toBeUndefined();
    expect(failureOf(new CommitOutcomeUnknown(undefined), "status", RUN)).toBeUndefined();
  });
});

describe("recordFailure", () => {
  const fault = new TypeError("a bug");
  const outage = new PortError("unavailable", "away");
  const refusing = (error: Error) => () => Promise.reject(error);

  it("throws a fault on once it is recorded, and no failure of the outside", async () => {
    let records = 0;
    const record = async () => void records++;
    await recordFailure(outage, record);
    await expect(recordFailure(fault, record)).rejects.toBe(fault);
    expect(records).toBe(2);
  });

  it("loses no fault to a record that fails, but for a lost lease", async () => {
    const away = new Error("the database is away");
    await expect(recordFailure(fault, refusing(away))).rejects.toBe(fault);
    await expect(recordFailure(outage, refusing(away))).rejects.toBe(away);
    const late = new LeaseEnded("cluster/cl_1");
    await expect(recordFailure(fault, refusing(late))).rejects.toBe(late);
  });
});

describe("backoffMs", () => {
  it("doubles from a second to a minute", () => {
    expect([0, 1, 2, 5, 6, 60].map(backoffMs)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});
