import { createHash } from "node:crypto";
import type { Leases, LiveLease, PlanPriceBook, ReservationStore } from "@berth/db";
import type { ReservationPlanId, RunId } from "@berth/domain";
import { isLeaseLost } from "../failure.ts";
import type { MadePlan, PlanTask } from "./make-plan.ts";

export interface ReservationLoopDeps {
  readonly leases: Leases;
  readonly store: ReservationStore;
  /** What ran until now and what is wanted, what is held, and what can be bought. */
  readonly observe: () => Promise<{ readonly task: PlanTask; readonly priceBooks: readonly PlanPriceBook[] }>;
  /** The planner: in a thread of its own. */
  readonly plan: (task: PlanTask, signal: AbortSignal) => Promise<MadePlan>;
  /** Aborts when the worker stops: what runs is broken off, and begun again elsewhere. */
  readonly stopping: AbortSignal;
}

/** A plan that fails or ends its worker so often would do so the next time too. Stops and lost leases count as well. */
const MOST_ATTEMPTS = 5;

/**
 * Makes one reservation plan: observes instances, machines that ran and prices that hold, packs and plans apart, and proposes what was
 * checked. Nothing is bought by this.
 *
 * Under a lease of its own: nothing outside is changed. What the input itself does not allow ends the plan; whatever else fails may
 * pass: the row stays planning with what failed on record, as it does after a worker that was killed, is due again after a while
 * and is begun anew, five times at most.
 */
export async function reconcileReservationPlan(
  deps: ReservationLoopDeps,
  id: ReservationPlanId,
  runId: RunId,
): Promise<void> {
  await deps.leases.withLease(`reservation_plan/${id}`, async (lease) => {
    const { store } = deps;
    const plan = await store.find(id);
    if (plan === undefined || (plan.state !== "queued" && plan.state !== "planning")) return;
    if (plan.attempts >= MOST_ATTEMPTS) {
      const last = plan.failure === null ? "" : ` The last time: ${plan.failure.message}`;
      const message = `Begun ${plan.attempts} times, and never ended. Ask for it again.${last}`;
      return store.recordFailure(lease, id, { code: "given_up", message });
    }
    await store.recordStarted(lease, id);
    try {
      await makeAndRecord(deps, lease, id);
    } catch (error) {
      // Somebody else begins it again.
      if (deps.stopping.aborted || lease.signal.aborted || isLeaseLost(error)) return;
      const message = `A fault of Berth's own, which may pass: the worker's log has it under ${runId}.`;
      // It is due again already. What cannot be told, as the database is away, takes nothing from that.
      await store.recordTrouble(lease, id, { code: "internal_error", message }).catch(() => {});
      throw error;
    }
  });
}

async function makeAndRecord(
  { store, observe, plan, stopping }: ReservationLoopDeps,
  lease: LiveLease,
  id: ReservationPlanId,
): Promise<void> {
  const { task, priceBooks } = await observe();
  const made = await plan(task, AbortSignal.any([stopping, lease.signal]));
  if (!made.made) return store.recordFailure(lease, id, { code: made.code, message: made.message });
  const { caseText, result } = made;
  const caseSha256 = createHash("sha256").update(caseText, "utf8").digest("hex");
  await store.recordPlan(lease, id, { caseText, caseSha256, priceBooks, result });
}
