import type { Solver } from "@berth/ports";
import { ladderProgram } from "./ladder-program.ts";
import { planCost } from "./plan-cost.ts";
import type { PlanningCase } from "./planning-case.ts";

/** What no plan costs less than, in dollars: the program where purchases need not be whole, without guard rails and risk. */
export async function linearBound(planning: PlanningCase, solver: Solver): Promise<number> {
  const free = {
    ...planning,
    guardRails: false,
    risk: { ...planning.risk, weightPercent: 0, mostLossMicroUsd: undefined },
  };
  const nothing = planCost(free, []);
  const { builder, constantUsd } = ladderProgram(free, nothing.byScenarioNanoUsd);
  const program = await solver.openProgram(builder.rows);
  try {
    await program.addColumns(builder.columns);
    const solution = await program.solveInteger({ whole: new Uint8Array(builder.size.columns) });
    if (!("objective" in solution)) throw new Error(`buying nothing is a plan, and the program is ${solution.outcome}`);
    return solution.objective + constantUsd + Number(nothing.commitmentsNanoUsd) / 1e9;
  } finally {
    await program.close();
  }
}
