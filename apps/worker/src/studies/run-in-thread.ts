import { MessageChannel } from "node:worker_threads";
import type { StudyFleet, StudyOutcome, StudyRequest } from "@berth/packing";
import { runInOwnThread } from "../run-in-own-thread.ts";
import type { StudyProgress, StudyTask } from "./thread.ts";

export interface StudyRun {
  readonly request: StudyRequest;
  readonly fleet: StudyFleet;
  /** Breaks it off, also in the midst of a computation. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StudyProgress) => void;
}

/** Runs a study in a thread of its own. Rejects with what the engine threw, or with the signal's abort. */
export async function runInThread({ request, fleet, signal, onProgress }: StudyRun): Promise<StudyOutcome> {
  const { port1: ours, port2: port } = new MessageChannel();
  ours.on("message", onProgress);
  ours.unref();
  try {
    const task: StudyTask = { request, fleet, port };
    return await runInOwnThread(new URL("./thread.ts", import.meta.url), task, { signal, transfer: [port] });
  } finally {
    ours.close();
  }
}
