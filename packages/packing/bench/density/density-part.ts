import { writeFileSync } from "node:fs";
import { openSolver } from "@berth/solver";
import type { BenchPart, Figure } from "@berth/testing";
import { es10k } from "@berth/testing";
import { ColdPlan, checkPlan, type PackingCase, STANDARD_POLICY } from "../../src/index.ts";
import { usdPerHour } from "../price.ts";
import { progress, stopwatch } from "../spent.ts";
import { densityPlot } from "./density-plot.ts";

const CAPS = [1, 2, 4, 6, 8, 11, 16];
const NO_CAP = 1_000_000;
/** For every cap the same: rounds of column generation, and iterations of search in each zone, a third of them beside it. */
const ROUNDS = 60;
const ITERATIONS = 40_000;
const PLOT = new URL("../../../../docs/packing-density.svg", import.meta.url);

/** A cap, and the fleet of ES-10k (seed 1, one volume each) under it. */
export interface DensityRow {
  /** Undefined: none. */
  readonly cap: number | undefined;
  readonly usdPerHour: number;
  /** Over the fleet without a cap, in percent. */
  readonly extraPercent: number;
  readonly nodes: number;
  readonly meanDensity: number;
  readonly cpuSeconds: number;
}

/**
 * What it costs to bound how many instances one dead machine takes down: ES-10k under each cap, with the same seed and as many
 * iterations, so the plans differ by the cap alone. What a machine has left is as with a cap of 16 throughout. Writes the plot
 * into docs.
 */
export function densityPart(effort: number): BenchPart {
  return {
    name: "density",
    measure: async (tell) => {
      const packing = es10k(1);
      const say = progress();
      const found: Omit<DensityRow, "extraPercent">[] = [];
      let violations = 0;
      for (const cap of [...CAPS, undefined]) {
        say(`density: ${cap === undefined ? "no cap" : `cap ${cap}`}`);
        const capped = withCap(packing, cap ?? NO_CAP);
        const watch = stopwatch();
        const plan = await planOf(capped, effort);
        violations += checkPlan(capped, plan, STANDARD_POLICY).length;
        found.push({
          cap,
          usdPerHour: usdPerHour(plan),
          nodes: plan.length,
          meanDensity: packing.instances.length / plan.length,
          cpuSeconds: watch().cpuSeconds,
        });
      }
      say(undefined);
      const free = found.at(-1)?.usdPerHour ?? Number.NaN;
      const rows = found.map((row): DensityRow => ({ ...row, extraPercent: 100 * (row.usdPerHour / free - 1) }));
      for (const row of rows) {
        tell(
          `density: ${row.cap === undefined ? "no cap" : `cap ${row.cap}`}: ${row.usdPerHour.toFixed(2)} $/h ` +
            `(+${row.extraPercent.toFixed(2)} %) on ${row.nodes} nodes, mean density ${row.meanDensity.toFixed(2)}, CPU ` +
            `${row.cpuSeconds.toFixed(0)} s`,
        );
      }
      writeFileSync(PLOT, densityPlot(rows));
      return figuresOf(rows, violations);
    },
  };
}

function figuresOf(rows: readonly DensityRow[], violations: number): Figure[] {
  const standard = rows.find((row) => row.cap === 16);
  const densest = Math.max(...rows.filter((row) => row.extraPercent <= 0.5).map((row) => row.meanDensity));
  const lower = { better: "lower" } as const;
  return [
    {
      figure: "density.extra_cost_of_cap_16",
      value: standard?.extraPercent ?? Number.NaN,
      unit: "%",
      must: 0.5,
      aim: 0.3,
      ...lower,
    },
    {
      figure: "density.mean_at_cap_16",
      value: standard?.meanDensity ?? Number.NaN,
      unit: "a node",
      must: 11,
      aim: 13,
      better: "higher",
    },
    {
      figure: "density.most_within_half_a_percent",
      value: densest,
      unit: "a node",
      must: 11,
      aim: 13,
      better: "higher",
    },
    { figure: "density.violations", value: violations, unit: "rules", must: 0, aim: 0, ...lower },
  ];
}

function withCap({ types, instances }: PackingCase, cap: number): PackingCase {
  return { instances, types: types.map((type) => ({ ...type, instances: cap })) };
}

async function planOf(packing: PackingCase, effort: number) {
  const solver = await openSolver();
  try {
    const plan = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed: 1, gap: 1e-3 });
    const rounds = Math.max(1, Math.round(effort * ROUNDS));
    const beside = Math.round((effort * ITERATIONS) / 3 / rounds);
    for (let round = 0; round < rounds; round++) {
      await plan.generateColumns(1);
      plan.improve(beside);
    }
    await plan.useColumns();
    plan.improve(Math.round((effort * ITERATIONS * 2) / 3));
    const nodes = plan.plan();
    await plan.close();
    return nodes;
  } finally {
    await solver.close();
  }
}
