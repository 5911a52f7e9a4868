import { seededRandom } from "@berth/domain";
import { openInThreadSolver } from "@berth/solver";
import type { BenchPart, Figure } from "@berth/testing";
import { checkReservations, gapOf, NO_RISK, type PlanningCase, planLadder } from "../../src/index.ts";
import { realMarket } from "./real-market.ts";

const FAMILIES = ["m7i", "m6i", "r7i", "c7i", "r7g", "m7g"];
const MONTHS = 36;
const SEGMENTS = 24;

/** The size that the design names: 6 families x 36 months x 6 products x 24 segments, with guard rails and without. */
export function ladderSizePart(): BenchPart {
  return { name: "ladder", measure };
}

/** Each family of a size of its own, with growth, and a wave over the segments that each is in at another time. */
export function sizeCase(scenarios: number, guardRails: boolean): PlanningCase {
  const random = seededRandom(1);
  const { families, products } = realMarket(FAMILIES);
  return {
    months: MONTHS,
    families,
    demands: families.map(({ name }, family) => ({ name, options: [{ family, milliUnits: 1_000 }] })),
    scenarios: Array.from({ length: scenarios }, (_, s) => ({
      name: `growth of ${2 * s - 1} %`,
      weight: 1,
      months: Array.from({ length: MONTHS }, (__, m) =>
        Array.from({ length: SEGMENTS }, (___, h) => ({
          hours: h < 10 ? 31 : 30,
          milliUnits: families.map((____, f) => {
            const wave = 1 + 0.3 * Math.sin((2 * Math.PI * h) / SEGMENTS + f);
            return Math.round((50 + 20 * f) * (1 + (0.02 * s - 0.01) * m) * (wave + 0.1 * random.fraction()) * 1_000);
          }),
        })),
      ),
    })),
    products,
    held: [],
    discountPercent: 0,
    risk: NO_RISK,
    guardRails,
  };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const solver = await openInThreadSolver();
  const figures: Figure[] = [];
  try {
    for (const guardRails of [false, true]) {
      const planning = sizeCase(1, guardRails);
      const startedAt = performance.now();
      const before = process.cpuUsage();
      const plan = await planLadder(planning, solver);
      const seconds = (performance.now() - startedAt) / 1_000;
      const { user, system } = process.cpuUsage(before);
      const faults = checkReservations(planning, { purchases: plan.purchases, ...plan.cost });
      const name = `ladder.${guardRails ? "guarded" : "free"}`;
      const { rows, columns, whole, nonzeros } = plan.size;
      tell(
        `${name}: ${rows} rows, ${columns} columns (${whole} whole), ${nonzeros} nonzeros; ${plan.objectiveUsd.toFixed(0)} $, ` +
          `bound ${plan.boundUsd.toFixed(0)} $, ${seconds.toFixed(1)} s`,
      );
      const lower = { better: "lower" } as const;
      figures.push(
        { figure: `${name}.cpu`, value: (user + system) / 1e6, unit: "s", must: 30, aim: 5, ...lower },
        { figure: `${name}.gap`, value: gapOf(plan) * 1e4, unit: "1e-4", must: 1, aim: 0.15, ...lower },
        { figure: `${name}.violations`, value: faults.length, unit: "rules", must: 0, aim: 0, ...lower },
      );
    }
    return figures;
  } finally {
    await solver.close();
  }
}
