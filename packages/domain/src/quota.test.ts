import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planCluster } from "./cluster/create.ts";
import { brokenLimitsOf, demandOf, FLEET_QUOTAS, type FleetUsage } from "./quota.ts";

const amount = fc.integer({ min: 0, max: 1000 });
const use = fc.record({ limit: amount, used: amount });
const usage: fc.Arbitrary<FleetUsage> = fc.record({
  quotas: fc.record({ clusters: use, instances: use, memoryMib: use, storageMib: use }),
  spend: fc.record({ capMicroUsdPerHour: fc.option(amount), usedMicroUsdPerHour: amount }),
});
const some = fc.integer({ min: 1, max: 1000 });
const demand = fc.record({
  quotas: fc.record({ clusters: some, instances: some, memoryMib: some, storageMib: some }),
  microUsdPerHour: some,
});

describe("a demand", () => {
  it("is over a quota exactly when it and what is used are more than the limit", () => {
    fc.assert(
      fc.property(usage, demand, (have, want) => {
        const over = brokenLimitsOf(have, want);
        for (const quota of FLEET_QUOTAS) {
          const named = over.some((one) => one.kind === "quota" && one.quota === quota);
          expect(named).toBe(have.quotas[quota].used + want.quotas[quota] > have.quotas[quota].limit);
        }
        const { capMicroUsdPerHour: cap, usedMicroUsdPerHour: used } = have.spend;
        expect(over.some((one) => one.kind === "spend_cap")).toBe(cap !== null && used + want.microUsdPerHour > cap);
      }),
    );
  });

  it("for nothing is over nothing, also where more is used than the limit", () => {
    const none = { quotas: { clusters: 0, instances: 0, memoryMib: 0, storageMib: 0 }, microUsdPerHour: 0 };
    const quotas = { limit: 0, used: 5 };
    const have = {
      quotas: { clusters: quotas, instances: quotas, memoryMib: quotas, storageMib: quotas },
      spend: { capMicroUsdPerHour: null, usedMicroUsdPerHour: 5 },
    };
    expect(brokenLimitsOf(have, none)).toEqual([]);
  });

  it("of clusters is the sum over all their instances, and costs what their plans do", () => {
    const component = (name: string, size: string, instances: number, storageMib: number) =>
      ({ name, roles: ["master", "data"], size, instances, storageMib, zones: 1 }) as const;
    const plans = [
      [component("data", "8g", 3, 245_760), component("more", "1g", 2, 40_960)],
      [component("data", "1g", 1, 30_720)],
    ].map((components) => {
      const spec = { engine: "elasticsearch", version: "8.19.21", region: "r", components } as const;
      const plan = planCluster(spec, new Map([["r", ["a"]]]), 0);
      if (!plan.ok) throw new Error(JSON.stringify(plan.error));
      return plan.value;
    });
    expect(demandOf(plans)).toEqual({
      quotas: { clusters: 2, instances: 6, memoryMib: 27 * 1024, storageMib: 3 * 245_760 + 2 * 40_960 + 30_720 },
      microUsdPerHour: plans.reduce((total, plan) => total + plan.priceMicroUsdPerHour, 0),
    });
  });
});
