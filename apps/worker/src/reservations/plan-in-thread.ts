import { runInOwnThread } from "../run-in-own-thread.ts";
import type { MadePlan, PlanTask } from "./make-plan.ts";

/** Makes a plan in a thread of its own. Rejects with what the planner or its solver threw, or with the signal's abort. */
export function planInThread(task: PlanTask, signal: AbortSignal): Promise<MadePlan> {
  return runInOwnThread(new URL("./thread.ts", import.meta.url), task, { signal });
}
