import { describe, expect, it } from "vitest";
import { decidePurchase, OVERDUE_AFTER_MS, SETTLED_AFTER_MS } from "./decide.ts";
import type { KnownPurchase, PurchaseProgress } from "./types.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const WANTED = {
  machineType: "m7i.xlarge",
  count: 4,
  offeringClass: "standard",
  payment: "Partial Upfront",
  durationSeconds: 31_536_000,
  upfrontMicroUsd: 500_000_000,
  hourlyMicroUsd: 60_000,
};
const known = (id: string, change: Partial<KnownPurchase> = {}): KnownPurchase => ({
  id,
  ...WANTED,
  startsAtMs: NOW,
  state: "active",
  ...change,
});
const OFFER = { offeringId: "off-1", upfrontMicroUsd: 500_000_000, hourlyMicroUsd: 60_000 };
const seen = (change: Partial<PurchaseProgress> = {}): PurchaseProgress => ({
  state: "planned",
  wanted: WANTED,
  dueAtMs: NOW,
  isAllowed: true,
  asked: undefined,
  takenIds: new Set(),
  offers: [OFFER],
  purchases: [known("ri-old")],
  ...change,
});
const asked = (atMs = NOW) => ({ atMs, knownIds: new Set(["ri-old"]) });
const decide = (change: Partial<PurchaseProgress>, now = NOW) => decidePurchase("rpu_1", seen(change), now);

describe("a planned purchase", () => {
  it("is bought when it is due, within what the plan was made with, and what EC2 knew before is kept", () => {
    expect(decide({})).toMatchObject({
      action: { kind: "buy", offer: OFFER, limitMicroUsd: 2_000_000_000, knownIds: ["ri-old"] },
      guards: [],
    });
  });

  it("waits for its month, looked at once a day at least", () => {
    expect(decide({ dueAtMs: NOW + 1000 })).toEqual({ action: undefined, guards: [], nextCheckInMs: 1000 });
    expect(decide({ dueAtMs: NOW + 90 * 86_400_000 }).nextCheckInMs).toBe(86_400_000);
  });

  it.each<[string, Partial<PurchaseProgress>]>([
    ["purchases_off", { isAllowed: false }],
    ["purchase_overdue", { dueAtMs: NOW - OVERDUE_AFTER_MS - 1 }],
    ["offering_missing", { offers: [] }],
    ["price_above_plan", { offers: [{ ...OFFER, upfrontMicroUsd: OFFER.upfrontMicroUsd + 1 }] }],
    ["price_above_plan", { offers: [{ ...OFFER, hourlyMicroUsd: OFFER.hourlyMicroUsd + 1 }] }],
  ])("is held back by name: %s", (name, change) => {
    expect(decide(change)).toMatchObject({ action: undefined, guards: [{ name, subject: "rpu_1" }] });
  });

  it("takes the cheapest offer of those that the plan allows", () => {
    const offers = [OFFER, { offeringId: "off-2", upfrontMicroUsd: 400_000_000, hourlyMicroUsd: 60_000 }];
    expect(decide({ offers }).action).toMatchObject({ offer: { offeringId: "off-2" }, limitMicroUsd: 2_000_000_000 });
  });
});

describe("a purchase that a person has asked for anew", () => {
  it("is what EC2 shows late of the first time, and bought where that shows nothing or holds nothing", () => {
    const again = (...shown: KnownPurchase[]) =>
      decide({ asked: asked(NOW - 2 * SETTLED_AFTER_MS), isAllowed: true, purchases: [known("ri-old"), ...shown] })
        .action;
    expect(again(known("ri-late"))).toMatchObject({ kind: "adopt", purchase: { id: "ri-late" } });
    expect(again(known("ri-late", { state: "payment-failed" }))).toMatchObject({ kind: "buy" });
    expect(again(known("ri-other", { count: 5 }))).toMatchObject({ kind: "buy" });
    expect(again()).toMatchObject({ kind: "buy" });
  });
});

describe("a purchase that EC2 was asked for", () => {
  const buying = (change: Partial<PurchaseProgress> = {}, now = NOW) =>
    decide({ state: "buying", asked: asked(), ...change }, now);

  it("is found by what is new since, and never asked for again", () => {
    const purchases = [known("ri-old"), known("ri-new"), known("ri-other", { count: 5 })];
    expect(buying({ purchases }).action).toMatchObject({ kind: "adopt", purchase: { id: "ri-new" } });
    for (let minutes = 0; minutes < 60; minutes += 5) {
      expect(buying({}, NOW + minutes * 60_000).action).toBeUndefined();
    }
  });

  it("is not taken for what another purchase of ours has, or for another product", () => {
    const others = [
      known("ri-1", { machineType: "m7i.large" }),
      known("ri-2", { payment: "No Upfront" }),
      known("ri-3", { durationSeconds: 94_608_000 }),
      known("ri-4", { offeringClass: "convertible" }),
      known("ri-5"),
    ];
    expect(buying({ purchases: others, takenIds: new Set(["ri-5"]) }).action).toBeUndefined();
  });

  it("of two that are new the earlier is its", () => {
    const purchases = [known("ri-b", { startsAtMs: NOW + 5 }), known("ri-c", { startsAtMs: NOW + 1 })];
    expect(buying({ purchases }).action).toMatchObject({ kind: "adopt", purchase: { id: "ri-c" } });
  });

  it.each(["payment-failed", "queued-deleted"])("that EC2 calls %s is told to a person, and not adopted", (state) => {
    const purchases = [known("ri-old"), known("ri-new", { state })];
    const decision = buying({ purchases }, NOW + SETTLED_AFTER_MS + 1);
    expect(decision).toMatchObject({ action: undefined, guards: [{ name: "purchase_unpaid" }] });
    expect(decision.guards[0]?.hint).toContain(`${state} of ri-new`);
    const both = [...purchases, known("ri-paid", { startsAtMs: NOW + 1, state: "payment-pending" })];
    expect(buying({ purchases: both }).action).toMatchObject({ kind: "adopt", purchase: { id: "ri-paid" } });
  });

  it("that shows nowhere is told to a person, and looked for on", () => {
    expect(buying({}, NOW + SETTLED_AFTER_MS)).toMatchObject({ guards: [{ name: "purchase_unsettled" }] });
    const unknown = buying({}, NOW + SETTLED_AFTER_MS + 1);
    expect(unknown).toMatchObject({ action: undefined, guards: [{ name: "purchase_unknown" }] });
    expect(unknown.nextCheckInMs).toBeGreaterThan(0);
  });
});

it.each(["bought", "by_hand", "dropped"] as const)("what is %s is left alone", (state) => {
  expect(decide({ state, asked: asked() })).toEqual({ action: undefined, guards: [], nextCheckInMs: undefined });
});
