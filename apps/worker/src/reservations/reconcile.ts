import { createHash } from "node:crypto";
import type { Leases, PlanPriceBook, ReservationStore } from "@berth/db";
import type { ReservationPlanId, RunId } from "@berth/domain";
import {
  checkReservations,
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
import { isLeaseLost } from "../failure.ts";

export interface ReservationLoopDeps {
  readonly leases: Leases;
  readonly store: ReservationStore;
  /** What ran until now, what is held, and what can be bought. */
  readonly observe: () => Promise<{ readonly input: PlanningInput; readonly priceBooks: readonly PlanPriceBook[] }>;
  /** Runs the work with a solver of its own, apart from this thread. */
  readonly withSolver: <T>(work: (solver: Solver) => Promise<T>) => Promise<T>;
}

/** A plan that ends its worker so often would end the next one too. */
const MOST_ATTEMPTS = 5;

/**
 * Makes one reservation plan: observes the machines that ran and the prices that hold, plans, has the plan checked by code that
 * shares none with the planner, and proposes it. Nothing is bought by this.
 *
 * Under a lease of its own: nothing outside is changed. A worker that is killed leaves the row planning; it is due again after
 * a while, and begun anew, five times at most.
 */
export async function reconcileReservationPlan(
  { leases, store, observe, withSolver }: ReservationLoopDeps,
  id: ReservationPlanId,
  runId: RunId,
): Promise<void> {
  await leases.withLease(`reservation_plan/${id}`, async (lease) => {
    const plan = await store.find(id);
    if (plan === undefined || (plan.state !== "queued" && plan.state !== "planning")) return;
    const fail = (code: string, message: string) => store.recordFailure(lease, id, { code, message });
    if (plan.attempts >= MOST_ATTEMPTS) {
      return fail("given_up", `Begun ${plan.attempts} times, and never ended. Ask for it again.`);
    }
    await store.recordStarted(lease, id);
    try {
      const { input, priceBooks } = await observe();
      const decided = await decide(input, withSolver);
      if (!decided.made) return await fail(decided.code, decided.message);
      const { caseText, result } = decided;
      const caseSha256 = createHash("sha256").update(caseText, "utf8").digest("hex");
      await store.recordPlan(lease, id, { caseText, caseSha256, priceBooks, result });
    } catch (error) {
      // Somebody else begins it again.
      if (lease.signal.aborted || isLeaseLost(error)) return;
      await fail("internal_error", `A fault of Berth's own: the worker's log has it under ${runId}.`);
      throw error;
    }
  });
}

type Decided =
  | { readonly made: true; readonly caseText: string; readonly result: object }
  | { readonly made: false; readonly code: string; readonly message: string };

async function decide(input: PlanningInput, withSolver: ReservationLoopDeps["withSolver"]): Promise<Decided> {
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
  const ladder = await withSolver((solver) => planLadder(planning, solver));
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
  return { made: true, caseText, result: { ...shown, leftOut: made.leftOut, firstYear, parts } };
}
