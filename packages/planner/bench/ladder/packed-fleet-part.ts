import { openInThreadSolver } from "@berth/solver";
import type { BenchPart } from "@berth/testing";
import { NO_RISK, type PlanningCase, planCost, planLadder } from "../../src/index.ts";
import { realMarket } from "./real-market.ts";

const MONTHS = 36;
/** What a fleet needs before it is packed, and after: instances of the story, of which packing leaves less than half. */
const [BEFORE, AFTER] = [100, 45];

/** A plan on the fleet before packing, and one on the fleet after it, both on what then comes: the packed fleet. */
export function packedFleetPart(): BenchPart {
  return {
    name: "packed_fleet",
    measure: async (tell) => {
      const solver = await openInThreadSolver();
      try {
        const packed = fleetOf(AFTER);
        const [onPast, onPacked] = [await planLadder(fleetOf(BEFORE), solver), await planLadder(packed, solver)];
        const units = (plan: typeof onPast) => plan.purchases.reduce((sum, { count }) => sum + count, 0);
        const usd = (plan: typeof onPast) => Number(planCost(packed, plan.purchases).expectedNanoUsd) / 1e9;
        const nothing = Number(planCost(packed, []).expectedNanoUsd) / 1e9;
        tell(
          `packed_fleet: planned on ${BEFORE} units: ${units(onPast)} bought, ${usd(onPast).toFixed(0)} $ on the packed fleet; ` +
            `on ${AFTER}: ${units(onPacked)} bought, ${usd(onPacked).toFixed(0)} $; on demand ${nothing.toFixed(0)} $`,
        );
        const lower = { better: "lower" } as const;
        return [
          {
            figure: "packed_fleet.bought",
            value: (100 * units(onPacked)) / units(onPast),
            unit: "%",
            must: 99,
            aim: 50,
            ...lower,
          },
          {
            figure: "packed_fleet.cost",
            value: (100 * usd(onPacked)) / usd(onPast),
            unit: "%",
            must: 99,
            aim: 60,
            ...lower,
          },
        ];
      } finally {
        await solver.close();
      }
    },
  };
}

/** Machines all day, and a fifth more in a third of the hours. */
function fleetOf(units: number): PlanningCase {
  const { families, products } = realMarket(["m7i"]);
  const month = [
    { hours: 243, milliUnits: [Math.round(units * 1_200)] },
    { hours: 487, milliUnits: [units * 1_000] },
  ];
  return {
    months: MONTHS,
    families,
    demands: [{ name: "fleet", options: [{ family: 0, milliUnits: 1_000 }] }],
    scenarios: [{ name: "goes on", weight: 1, months: Array.from({ length: MONTHS }, () => month) }],
    products,
    held: [],
    discountPercent: 0,
    risk: NO_RISK,
    guardRails: true,
  };
}
