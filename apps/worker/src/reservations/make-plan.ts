import {
  checkReservations,
  LEAST_HOURS,
  type PlanningInput,
  planCost,
  planLadder,
  plannedCommitments,
  planningFile,
  purchaseParts,
  readPlanningCase,
  showPlan,
} from "@berth/planner";
import type { Solver } from "@berth/ports";
import { type KubeFleet, packKubes } from "./pack-kubes.ts";

/** What a plan is made of: the fleet's record, and each kube to be packed. */
export interface PlanTask {
  readonly recorded: Omit<PlanningInput, "kubes">;
  readonly kubes: readonly KubeFleet[];
}

/** A plan with the text of its case, or why there can be none of this input, however often it is tried. */
export type MadePlan =
  | { readonly made: true; readonly caseText: string; readonly result: object }
  | { readonly made: false; readonly code: string; readonly message: string };

/** From what was observed to the plan: the packed fleet, the case, the ladder, its check by code that shares none with it, and what is shown. */
export async function makePlan({ recorded, kubes }: PlanTask, solver: Solver): Promise<MadePlan> {
  // Where there is to be no plan, nothing is packed for it.
  const toPack = recorded.hours < LEAST_HOURS ? [] : kubes;
  const input = { ...recorded, kubes: await packKubes(toPack, recorded.commitments, solver) };
  const made = planningFile(input);
  if (made.kind !== "file") {
    return made.kind === "short_history"
      ? {
          made: false,
          code: "short_history",
          message: `A plan is made of a month of machines at least: ${made.hours} of ${made.needed} hours are recorded.`,
        }
      : {
          made: false,
          code: "nothing_ran",
          message: "No machine ran that has a price on demand: berth admin price-book import.",
        };
  }
  const caseText = `${JSON.stringify(made.file)}\n`;
  const read = readPlanningCase(JSON.parse(caseText));
  if (!read.ok) {
    const told = read.error.slice(0, 3).map(({ field, rule }) => `${field} ${rule}`);
    return { made: false, code: "not_a_case", message: `The fleet is no case to plan: ${told.join("; ")}.` };
  }
  const planning = read.value;
  const ladder = await planLadder(planning, solver);
  const faults = checkReservations(planning, { purchases: ladder.purchases, ...ladder.cost });
  if (faults.length > 0 || ladder.outcome === "nothing") {
    const why = faults.map(({ rule, where, detail }) => `${rule} ${where}: ${detail}`);
    return {
      made: false,
      code: "refused_by_check",
      message: `The plan was refused: ${why.join("; ") || "none was found"}.`,
    };
  }
  const shown = showPlan(planning, ladder, planCost(planning, []), faults);
  const firstYear = plannedCommitments(planning, shown.purchases, "plan", 0);
  const parts = purchaseParts(planning, shown.purchases, input.reservedBooks);
  return { made: true, caseText, result: { ...shown, base: made.base, leftOut: made.leftOut, firstYear, parts } };
}
