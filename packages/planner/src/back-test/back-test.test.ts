import { type OpenSolver, openInThreadSolver } from "@berth/solver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planCost } from "../ladder/plan-cost.ts";
import { HOURS, type ReservedProduct } from "../ladder/planning-case.ts";
import type { Market, Policy } from "../rules/policy.ts";
import { quantileRule } from "../rules/quantile-rule.ts";
import { backTest, perfectInformationUsd, truthOf } from "./back-test.ts";
import { ladderPolicy } from "./ladder-policy.ts";
import { generateTrace, HISTORY_MONTHS, TEST_MONTHS, TRACE_SHAPES, type Trace } from "./traces.ts";

const product = (term: "1y" | "3y", upfrontUsd: number): ReservedProduct => ({
  kind: "reserved",
  name: term,
  family: 0,
  term,
  offeringClass: "standard",
  paymentOption: "all_upfront",
  upfrontMicroUsd: upfrontUsd * 1e6,
  hourlyMicroUsd: 0,
});
const MARKET: Market = {
  family: { name: "m7i", unit: "m7i.xlarge", onDemandMicroUsdPerHour: 201_600, sizes: [] },
  products: [product("1y", 1_090), product("3y", 2_092)],
};

let solver: OpenSolver;
beforeAll(async () => {
  solver = await openInThreadSolver();
});
afterAll(() => solver.close());

/** The trace up to a month of the test, and other demand from there on. */
function otherAfter(trace: Trace, month: number): Trace {
  const from = (HISTORY_MONTHS + month) * HOURS;
  return { ...trace, hours: trace.hours.map((units, h) => (h < from ? units : 1)) };
}

describe("a back-test", () => {
  it("has traces of every shape that are the same for a seed, and others for another", () => {
    for (const shape of TRACE_SHAPES) {
      const trace = generateTrace(shape, 1);
      expect(generateTrace(shape, 1).hours).toEqual(trace.hours);
      expect(generateTrace(shape, 2).hours).not.toEqual(trace.hours);
      expect(trace.hours).toHaveLength((HISTORY_MONTHS + TEST_MONTHS) * HOURS);
      expect(Math.min(...trace.hours)).toBeGreaterThan(0);
    }
  });

  it("costs at least what perfect information does, and on demand alone at least that too", async () => {
    for (const shape of TRACE_SHAPES) {
      const trace = generateTrace(shape, 1);
      const best = await perfectInformationUsd(MARKET, trace, solver);
      const nothing = Number(planCost(truthOf(MARKET, trace), []).expectedNanoUsd) / 1e9;
      const { costUsd } = await backTest(MARKET, trace, quantileRule(1));
      expect(best).toBeLessThan(nothing);
      expect(costUsd).toBeGreaterThanOrEqual(best * (1 - 1e-6));
    }
  });

  it("tells a policy nothing of what comes: other demand later changes no purchase before", async () => {
    const trace = generateTrace("growth", 3);
    const month = 2;
    const policies: readonly Policy[] = [quantileRule(1), ladderPolicy(solver, { guardRails: false })];
    for (const policy of policies) {
      const asked: number[][] = [];
      for (const one of [trace, otherAfter(trace, month)]) {
        const first: Policy = async (market, past) => {
          const isLater = past.hours.length > (HISTORY_MONTHS + month) * HOURS;
          return isLater ? market.products.map(() => 0) : policy(market, past);
        };
        const { purchases } = await backTest(MARKET, one, first);
        asked.push(purchases.flatMap(({ product: p, month: at, count }) => [p, at, count]));
      }
      expect(asked[0]).toEqual(asked[1]);
      expect(asked[0]?.length).toBeGreaterThan(0);
    }
  });

  it("where packing is told buys less before it than where it is not", async () => {
    const trace = generateTrace("shrinking_after_packing", 1);
    const hours = trace.hours.subarray(0, HISTORY_MONTHS * HOURS);
    const bought = async (packing: Trace["packing"]) =>
      (await ladderPolicy(solver, { guardRails: false, packing })(MARKET, { hours, held: [] })).reduce(
        (sum, units) => sum + units,
        0,
      );
    const [blind, told] = [await bought(undefined), await bought(trace.packing)];
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(0.6 * blind);
  });
});
