import type { ColdPlan } from "./cold-plan.ts";

/** Iterations in every zone between two looks at what is spent. */
const ITERATIONS = 200;
/** Share of the budget that column generation may take, with the search's start, for values to search by. */
const COLUMNS_SHARE = 0.2;
/** Share of the budget that the search has first: its bins are the columns to start from. */
const START_SHARE = 0.04;

/**
 * Improves a plan until its budget is spent: search and column generation by turns, as much of one as of the other, then search
 * alone at the values that came of it. `spent` gives the share of the budget that is used up, from 0; it is asked after every
 * chunk of work. True when column generation has come to its end on the way.
 */
export async function runColdPlan(plan: ColdPlan, spent: () => number): Promise<boolean> {
  let last = spent();
  const sinceLast = () => {
    const before = last;
    last = spent();
    return last - before;
  };
  let done = false;
  let columns = START_SHARE;
  let search = 0;
  const searchAsMuch = () => {
    while (search < columns && last < 1) {
      plan.improve(ITERATIONS);
      search += sinceLast();
    }
  };
  searchAsMuch();
  while (!done && columns < COLUMNS_SHARE && last < 1) {
    done = await plan.generateColumns(1);
    columns += sinceLast();
    searchAsMuch();
  }
  await plan.useColumns();
  while (spent() < 1) plan.improve(ITERATIONS);
  return done;
}
