/**
 * What runs in the thread of studies: one study, from the fleet to its outcome, with a solver of its own. It blocks that
 * thread for as long as it takes. Seconds become chunks of the engine's work here: the engine knows no clock.
 */
import { createHash } from "node:crypto";
import type { MessagePort } from "node:worker_threads";
import { runStudy, type StudyFleet, type StudyOutcome, type StudyRequest } from "@berth/packing";
// Not the whole package: what opens threads there cannot be loaded as piscina loads this file.
import { openInThreadSolver } from "@berth/solver/in-thread";

export interface StudyTask {
  readonly request: StudyRequest;
  readonly fleet: StudyFleet;
  /** Where progress goes. */
  readonly port: MessagePort;
}

export interface StudyProgress {
  readonly step: string;
  /** From 0 to 1. */
  readonly done: number;
}

/** Between two messages: nobody reads faster. */
const TELL_EVERY_MS = 250;

export default async function runTask({ request, fleet, port }: StudyTask): Promise<StudyOutcome> {
  const solver = await openInThreadSolver();
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    return await runStudy(request, fleet, {
      solver,
      sha256: (text) => createHash("sha256").update(text, "utf8").digest("hex"),
      startTimer: (seconds) => {
        const startedAt = performance.now();
        return () => (seconds <= 0 ? 1 : (performance.now() - startedAt) / (seconds * 1000));
      },
      tell: (step, done) => {
        if (performance.now() - toldAt < TELL_EVERY_MS) return;
        toldAt = performance.now();
        port.postMessage({ step, done } satisfies StudyProgress);
      },
    });
  } finally {
    await solver.close();
    port.close();
  }
}
