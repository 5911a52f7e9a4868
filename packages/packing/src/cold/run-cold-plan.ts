import type { ColdPlan } from "./cold-plan.ts";

/** Iterations in every zone between two looks at what is spent. */
const ITERATIONS = 200;
/** Share of the budget that column generation may take, for values to search by. */
const COLUMNS_SHARE = 0.35;

/**
 * Improves a plan until its budget is spent: column generation and search by turns, then search alone at the values that
 * came of it. `spent` gives the share of the budget that is used up, from 0; it is asked after every chunk of work.
 * True when column generation has come to its end on the way.
 */
export async function runColdPlan(plan: ColdPlan, spent: () => number): Promise<boolean> {
  let done = false;
  while (!done && spent() < COLUMNS_SHARE) {
    done = await plan.generateColumns(1);
    plan.improve(ITERATIONS);
  }
  await plan.useColumns();
  while (spent() < 1) plan.improve(ITERATIONS);
  return done;
}
