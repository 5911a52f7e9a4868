// `npm run plan -w packages/planner -- CASE.json`: what to commit to in anyone's own case, as one JSON on standard output: the
// purchases with why each pays, their cost, a bound that no plan is below, seconds, flags. The format is in docs/planner.md.
// Exit codes: 0 planned, 1 the plan breaks a rule, or none keeps the limit to losses; 2 wrong usage or a case that cannot be
// read; each of its faults is a line on standard error then, with the field and the rule, and nothing on standard output.
import { openInThreadSolver } from "@berth/solver";
import { checkReservations, planCost, planLadder, readPlanningCase, showPlan } from "../src/index.ts";
import { parseJson, readInputFile } from "./input-file.ts";

const USAGE = "usage: npm run plan -w packages/planner -- CASE.json";

async function plan([path, ...more]: readonly string[]): Promise<number> {
  if (path === undefined) throw new Error(`missing: CASE.json\n${USAGE}`);
  if (more.length > 0) throw new Error(`not expected: ${more.join(" ")}\n${USAGE}`);
  const read = readPlanningCase(parseJson(path, readInputFile(path)));
  if (!read.ok) throw new Error(read.error.map(({ field, rule }) => `${path}: ${field} ${rule}`).join("\nplan: "));
  const planning = read.value;
  const solver = await openInThreadSolver();
  try {
    const startedAt = performance.now();
    const ladder = await planLadder(planning, solver);
    const seconds = (performance.now() - startedAt) / 1_000;
    const faults = checkReservations(planning, { purchases: ladder.purchases, ...ladder.cost });
    const shown = showPlan(planning, ladder, planCost(planning, []), faults);
    console.log(JSON.stringify({ ...shown, seconds: Number(seconds.toFixed(3)) }, undefined, 1));
    return faults.length === 0 && ladder.outcome !== "nothing" ? 0 : 1;
  } finally {
    await solver.close();
  }
}

try {
  process.exitCode = await plan(process.argv.slice(2));
} catch (error) {
  console.error(`plan: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
