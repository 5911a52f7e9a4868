import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunningProcess, startProcess } from "../processes/start-process.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** What a worker needs to be told, besides what tests set in its environment. */
export interface WorkerSpec {
  readonly folder: string;
  readonly number: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the worker as production does, a process of its own: SIGKILL ends it without a word. */
export function startWorkerProcess(spec: WorkerSpec): Promise<RunningProcess> {
  mkdirSync(spec.folder, { recursive: true });
  // Of our own environment it gets what Node needs to start, and nothing that could configure it.
  const { PATH, HOME, TMPDIR } = process.env;
  return startProcess({
    name: `worker ${spec.number}`,
    command: process.execPath,
    args: ["--import", "tsx", join(ROOT, "apps/worker/src/main.ts")],
    cwd: ROOT,
    logFile: join(spec.folder, `worker-${spec.number}.log`),
    env: { PATH, HOME, TMPDIR, ...spec.env },
  });
}
