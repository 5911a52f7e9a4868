import type { Leases, LiveLease, StudyRecord, StudyStore } from "@berth/db";
import type { PackingStudyId, RunId } from "@berth/domain";
import type { StudyFleet, StudyOutcome, StudyRequest } from "@berth/packing";
import { isLeaseLost } from "../failure.ts";
import type { StudyRun } from "./run-in-thread.ts";
import { toStudyFleet, whyNoCase } from "./study-fleet.ts";

export interface StudyLoopDeps {
  readonly leases: Leases;
  readonly store: StudyStore;
  /** The engine: in a thread of its own. */
  readonly run: (run: StudyRun) => Promise<StudyOutcome>;
  /** Aborts when the worker stops: what runs is broken off, and begun again elsewhere. */
  readonly stopping: AbortSignal;
}

/** A study that ends its worker so often would end the next one too. Stops and lost leases count as well: nobody can tell. */
const MOST_ATTEMPTS = 5;
const RECORD_EVERY_MS = 1000;

/**
 * Makes one study of a kube's fleet: reads the fleet, computes apart, records.
 *
 * Under a lease of its own: nothing outside is changed, so it needs nobody else's. A worker that is killed leaves the row
 * running; it is due again when nothing was told of it for a while, and begun anew with the fleet of then, five times at most.
 */
export async function reconcileStudy(deps: StudyLoopDeps, id: PackingStudyId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`study/${id}`, async (lease) => {
    const study = await deps.store.find(id);
    if (study === undefined || study.state === "succeeded" || study.state === "failed") return;
    const fail = (code: string, message: string) => deps.store.recordFailure(lease, id, { code, message });
    if (study.attempts >= MOST_ATTEMPTS) {
      const why = "each time its worker ended, stopped or lost its lease, as an overloaded one does";
      return fail("given_up", `Begun ${study.attempts} times, and never ended: ${why}. Ask for it again.`);
    }
    const fleet = await deps.store.findFleet(study.kubeId);
    if (fleet === undefined) return fail("kube_gone", `There is no kube ${study.kubeId} any more.`);
    await deps.store.recordStarted(lease, id);
    let outcome: StudyOutcome;
    try {
      outcome = await compute(deps, lease, study, toStudyFleet(fleet));
    } catch (error) {
      // Somebody else begins it again.
      if (deps.stopping.aborted || lease.signal.aborted || isLeaseLost(error)) return;
      await fail("internal_error", `A fault of Berth's own: the worker's log has it under ${runId}.`);
      throw error;
    }
    if (outcome.kind === "refused") return fail("not_a_case", whyNoCase(outcome.faults));
    const files = outcome.kind === "cold_plan" ? { files: outcome.files } : {};
    await deps.store.recordResult(lease, id, { result: outcome.result, ...files });
  });
}

/** The outcome, with progress on record at most once a second. */
async function compute(
  deps: StudyLoopDeps,
  lease: LiveLease,
  { id, request }: StudyRecord,
  fleet: StudyFleet,
): Promise<StudyOutcome> {
  const lost = new AbortController();
  let recordedAt = performance.now();
  let recording: Promise<unknown> = Promise.resolve();
  try {
    return await deps.run({
      // The contract let nothing else through, and the nightly one is our own.
      request: request as StudyRequest,
      fleet,
      signal: AbortSignal.any([deps.stopping, lease.signal, lost.signal]),
      onProgress: ({ step, done }) => {
        if (performance.now() - recordedAt < RECORD_EVERY_MS) return;
        recordedAt = performance.now();
        const progress = { percent: Math.min(99, Math.floor(done * 100)), step };
        recording = recording
          .then(() => deps.store.recordProgress(lease, id, progress))
          .catch((error: unknown) => {
            // A database that does not answer is no reason to begin anew; a lease that is gone is.
            if (isLeaseLost(error)) lost.abort(error);
          });
      },
    });
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    await recording;
  }
}
