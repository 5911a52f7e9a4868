/** What runs in the thread of reservation plans: one plan, with a solver of its own. It blocks that thread for as long as it takes. */
// Not the whole package: what opens threads there cannot be loaded as piscina loads this file.
import { openInThreadSolver } from "@berth/solver/in-thread";
import { type MadePlan, makePlan, type PlanTask } from "./make-plan.ts";

export default async function runTask(task: PlanTask): Promise<MadePlan> {
  const solver = await openInThreadSolver();
  try {
    return await makePlan(task, solver);
  } finally {
    await solver.close();
  }
}
