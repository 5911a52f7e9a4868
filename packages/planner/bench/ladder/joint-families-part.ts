import { openInThreadSolver } from "@berth/solver";
import type { BenchPart } from "@berth/testing";
import { type DemandClass, gapOf, NO_RISK, type PlanningCase, planCost, planLadder } from "../../src/index.ts";
import { realMarket } from "./real-market.ts";

const MONTHS = 36;

/**
 * Two families that may stand for each other, with peaks at different times: planned together, and each by itself. Both plans are
 * costed alike, by the rule that idle reservations of either family serve the demand that may go there.
 */
export function jointFamiliesPart(): BenchPart {
  return {
    name: "joint_families",
    measure: async (tell) => {
      const joint = caseOf([
        { name: "by day", options: [{ family: 0, milliUnits: 1_000 }] },
        {
          name: "by night",
          options: [
            { family: 1, milliUnits: 1_000 },
            { family: 0, milliUnits: 1_100 },
          ],
        },
      ]);
      const separate = caseOf(joint.demands.map(({ name, options }) => ({ name, options: options.slice(0, 1) })));
      const solver = await openInThreadSolver();
      try {
        const together = await planLadder(joint, solver);
        const apart = await planLadder(separate, solver);
        const usd = (plan: typeof apart) => Number(planCost(joint, plan.purchases).expectedNanoUsd) / 1e9;
        const alone = Number(apart.cost.expectedNanoUsd) / 1e9;
        tell(
          `joint_families: together ${usd(together).toFixed(0)} $ (gap ${(100 * gapOf(together)).toFixed(2)} %), each by itself ` +
            `${usd(apart).toFixed(0)} $ where idle reservations are shared, ${alone.toFixed(0)} $ where not`,
        );
        const lower = { better: "lower" } as const;
        return [
          {
            figure: "joint_families.cost",
            value: (100 * usd(together)) / usd(apart),
            unit: "%",
            must: 100,
            aim: 97,
            ...lower,
          },
          {
            figure: "joint_families.against_unshared",
            value: (100 * usd(together)) / alone,
            unit: "%",
            must: 99,
            aim: 90,
            ...lower,
          },
        ];
      } finally {
        await solver.close();
      }
    },
  };
}

function caseOf(demands: readonly DemandClass[]): PlanningCase {
  const { families, products } = realMarket(["m7i", "m6i"]);
  const month = [
    { hours: 304, milliUnits: [60_000, 20_000] },
    { hours: 304, milliUnits: [20_000, 60_000] },
    { hours: 122, milliUnits: [40_000, 40_000] },
  ];
  return {
    months: MONTHS,
    families,
    demands,
    scenarios: [{ name: "goes on", weight: 1, months: Array.from({ length: MONTHS }, () => month) }],
    products,
    held: [],
    discountPercent: 0,
    risk: NO_RISK,
    guardRails: false,
  };
}
