import type { PlanningInput } from "@berth/planner";
import { runInOwnThread } from "../run-in-own-thread.ts";
import type { MadePlan } from "./make-plan.ts";

/** Makes a plan in a thread of its own. Rejects with what the planner or its solver threw, or with the signal's abort. */
export function planInThread(input: PlanningInput, signal: AbortSignal): Promise<MadePlan> {
  return runInOwnThread(new URL("./thread.ts", import.meta.url), input, { signal });
}
