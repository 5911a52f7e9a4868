import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import type { StudyFleet, StudyOutcome, StudyRequest } from "@berth/packing";
import { Piscina } from "piscina";
import type { StudyProgress, StudyTask } from "./thread.ts";

export interface StudyRun {
  readonly request: StudyRequest;
  readonly fleet: StudyFleet;
  /** Breaks it off, also in the midst of a computation. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StudyProgress) => void;
}

/**
 * Runs a study in a thread of its own, so that a computation of minutes holds up neither leases nor other loops. The thread
 * ends with it. Rejects with what the engine threw, or with the signal's abort.
 */
export async function runInThread({ request, fleet, signal, onProgress }: StudyRun): Promise<StudyOutcome> {
  const pool = new Piscina<StudyTask, StudyOutcome>({
    filename: fileURLToPath(new URL("./thread.ts", import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    // As in packages/solver: a thread is started like its process, and not every process of ours reads TypeScript.
    execArgv: ["--import", TYPESCRIPT_LOADER],
  });
  const { port1: ours, port2: port } = new MessageChannel();
  ours.on("message", onProgress);
  ours.unref();
  try {
    return await pool.run({ request, fleet, port }, { transferList: [port], signal });
  } finally {
    ours.close();
    await pool.destroy();
  }
}

const TYPESCRIPT_LOADER = import.meta.resolve("tsx");
