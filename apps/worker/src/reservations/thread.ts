/** What runs in the thread of reservation plans: one plan, with a solver of its own. It blocks that thread for as long as it takes. */
import type { PlanningInput } from "@berth/planner";
// Not the whole package: what opens threads there cannot be loaded as piscina loads this file.
import { openInThreadSolver } from "@berth/solver/in-thread";
import { type MadePlan, makePlan } from "./make-plan.ts";

export default async function runTask(input: PlanningInput): Promise<MadePlan> {
  const solver = await openInThreadSolver();
  try {
    return await makePlan(input, solver);
  } finally {
    await solver.close();
  }
}
