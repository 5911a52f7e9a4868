import { fileURLToPath } from "node:url";
import type { Transferable } from "node:worker_threads";
import { Piscina } from "piscina";

/**
 * Runs the default export of a file, on one task, in a thread of its own, so that a computation of minutes holds up neither
 * leases nor other loops. The thread ends with it, also in the midst of it when `signal` aborts. Rejects with what it threw, or with
 * the signal's abort. Task and outcome are copied, as structuredClone copies; `transfer` is moved.
 */
export async function runInOwnThread<Task extends object, Outcome>(
  file: URL,
  task: Task,
  { signal, transfer = [] }: { readonly signal: AbortSignal; readonly transfer?: Transferable[] },
): Promise<Outcome> {
  const pool = new Piscina<Task, Outcome>({
    filename: fileURLToPath(file),
    minThreads: 1,
    maxThreads: 1,
    // As in packages/solver: a thread is started like its process, and not every process of ours reads TypeScript.
    execArgv: ["--import", TYPESCRIPT_LOADER],
  });
  try {
    return await pool.run(task, { transferList: transfer, signal });
  } finally {
    await pool.destroy();
  }
}

const TYPESCRIPT_LOADER = import.meta.resolve("tsx");
