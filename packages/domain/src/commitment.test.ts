import { describe, expect, it } from "vitest";
import { type CommitmentDraft, checkCommitment } from "./commitment.ts";

const NOW = new Date("2026-11-29T00:00:00Z");
const REGIONS = new Map([["us-east-1", { zones: new Set(["us-east-1a"]), prices: new Map([["m7i.large", 100_800]]) }]]);
const RESERVED: CommitmentDraft = {
  kind: "reserved_instances",
  region: "us-east-1",
  zone: null,
  machineType: "m7i.large",
  family: null,
  offeringClass: "standard",
  term: "1y",
  paymentOption: "no_upfront",
  count: 3,
  upfrontMicroUsd: 0,
  hourlyMicroUsd: 66_680,
  commitmentMicroUsdPerHour: null,
  account: null,
  externalId: null,
  startsAt: new Date("2026-11-01T00:00:00Z"),
  endsAt: null,
};
const NONE = { machineType: null, offeringClass: null, count: null, upfrontMicroUsd: null, hourlyMicroUsd: null };
const COMPUTE: CommitmentDraft = {
  ...RESERVED,
  ...NONE,
  kind: "compute_savings_plan",
  region: null,
  commitmentMicroUsdPerHour: 2_500_000,
};
const check = (draft: CommitmentDraft) => checkCommitment(draft, REGIONS, NOW);

describe("a commitment", () => {
  it("runs for exactly 365 or 1,095 days, also over a leap day", () => {
    expect(check(RESERVED)).toMatchObject({ ok: true, value: { endsAt: new Date("2027-11-01T00:00:00Z") } });
    expect(check({ ...RESERVED, term: "3y" })).toMatchObject({ value: { endsAt: new Date("2029-10-31T00:00:00Z") } });
  });

  it("may end earlier than its term, as after a sale or an exchange", () => {
    const endsAt = new Date("2027-01-01T00:00:00Z");
    expect(check({ ...RESERVED, endsAt })).toMatchObject({ ok: true, value: { endsAt } });
  });

  it("of each kind has the fields of its kind", () => {
    expect(check(COMPUTE).ok).toBe(true);
    expect(check({ ...COMPUTE, kind: "ec2_instance_savings_plan", region: "us-east-1", family: "m7i" }).ok).toBe(true);
    expect(check({ ...RESERVED, zone: "us-east-1a" }).ok).toBe(true);
  });

  it.each<[string, string, string, Partial<CommitmentDraft>]>([
    ["count", "required", "reserved instances without a number of them", { count: null }],
    ["family", "not_of_kind", "reserved instances of a family", { family: "m7i" }],
    ["region", "unknown_region", "a region without prices", { region: "eu-9" }],
    ["zone", "unknown_zone", "another region's zone", { zone: "us-east-2a" }],
    ["machineType", "unknown_machine_type", "a type that is not sold there", { machineType: "m9z.large" }],
    ["hourlyMicroUsd", "rate_above_price", "a price a thousand times too high", { hourlyMicroUsd: 66_680_000 }],
    ["hourlyMicroUsd", "rate_too_low", "a price a thousand times too low", { hourlyMicroUsd: 66 }],
    ["hourlyMicroUsd", "price_not_positive", "no price", { hourlyMicroUsd: 0 }],
    ["upfrontMicroUsd", "payment_mismatch", "an upfront payment that its option excludes", { upfrontMicroUsd: 1 }],
    [
      "upfrontMicroUsd",
      "rate_above_price",
      "an upfront payment a thousand times too high",
      { paymentOption: "all_upfront", upfrontMicroUsd: 560_000_000_000, hourlyMicroUsd: 0 },
    ],
    [
      "upfrontMicroUsd",
      "price_not_positive",
      "nothing paid upfront where all is",
      { paymentOption: "all_upfront", upfrontMicroUsd: 0, hourlyMicroUsd: 0 },
    ],
    ["startsAt", "too_long_ago", "a start before AWS sold any", { startsAt: new Date("0026-11-02T00:00:00Z") }],
    ["endsAt", "end_before_start", "an end at its start", { endsAt: RESERVED.startsAt }],
    ["endsAt", "longer_than_term", "an end after its term", { endsAt: new Date("2027-11-01T00:00:01Z") }],
    ["startsAt", "too_far_ahead", "a start in more than three years", { startsAt: new Date("2029-12-01T00:00:00Z") }],
    [
      "startsAt",
      "not_queued",
      "a zonal purchase of later",
      { zone: "us-east-1a", startsAt: new Date("2027-01-01T00:00:00Z") },
    ],
  ])("%s: %s refuses %s", (field, rule, _, change) => {
    expect(check({ ...RESERVED, ...change })).toMatchObject({ ok: false, error: [{ field, rule }] });
  });

  it.each<[string, string, Partial<CommitmentDraft>]>([
    ["region", "not_of_kind", { region: "us-east-1" }],
    ["count", "not_of_kind", { count: 1 }],
    ["commitmentMicroUsdPerHour", "required", { commitmentMicroUsdPerHour: null }],
    ["commitmentMicroUsdPerHour", "out_of_range", { commitmentMicroUsdPerHour: 999 }],
    ["commitmentMicroUsdPerHour", "out_of_range", { commitmentMicroUsdPerHour: 1_000_000_000_001 }],
  ])("of Compute Savings Plans, %s: %s refuses %j", (field, rule, change) => {
    expect(check({ ...COMPUTE, ...change })).toMatchObject({ ok: false, error: [{ field, rule }] });
  });

  it("of a family that is not sold in its region is refused", () => {
    const plan = { ...COMPUTE, kind: "ec2_instance_savings_plan", region: "us-east-1", family: "m7" } as const;
    expect(check(plan)).toMatchObject({ ok: false, error: [{ field: "family", rule: "unknown_family" }] });
  });
});
