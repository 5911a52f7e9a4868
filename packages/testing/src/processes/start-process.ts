import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { waitFor } from "../wait-for.ts";
import { type Guarded, guard, release } from "./guardian.ts";

export interface ProcessSpec {
  /** What errors call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** The whole environment; ours when absent. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What asks it to end in order. TERM unless told (PostgreSQL: INT, as TERM there waits for its clients). */
  readonly stopSignal?: "TERM" | "INT";
}

/** A process of ours, in a group of its own. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** How it ended, undefined while it runs. */
  ended(): string | undefined;
  /** Waits for a condition, and refuses at once, with the end of its log, when the process ends first. */
  ready(condition: () => unknown, options: { timeoutMs: number; what: string; intervalMs?: number }): Promise<void>;
  /** Ends it in order; after the grace by force. Resolves when the process is gone; harmless when it is already. */
  stop(graceMs?: number): Promise<void>;
  /** Ends it as a crash would: SIGKILL to the group. */
  kill(): Promise<void>;
}

/**
 * Starts a process that ends with us at the latest (see guardian.ts). It does not keep our own process from ending.
 *
 * Refuses when the command cannot be started, naming it.
 */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const log = openSync(spec.logFile, "a");
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ["ignore", log, log],
    ...(spec.env && { env: spec.env }),
    ...(spec.cwd !== undefined && { cwd: spec.cwd }),
    ...(spec.uid !== undefined && { uid: spec.uid }),
    ...(spec.gid !== undefined && { gid: spec.gid }),
  });
  closeSync(log);
  if (child.pid === undefined) {
    const [error] = (await once(child, "error")) as [Error];
    throw new Error(`${spec.name} cannot be started: ${error.message}`, { cause: error });
  }
  const pid = child.pid;
  const guarded: Guarded = { pid, signal: spec.stopSignal ?? "TERM", group: true };
  guard(guarded);
  child.unref();

  const over = new AbortController();
  let end: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      end = signal === null ? `exit code ${code}` : `signal ${signal}`;
      release(guarded);
      over.abort(new Error(`${spec.name} ended with ${end}; the end of ${spec.logFile}:\n${tail(spec.logFile)}`));
      resolve();
    });
  });

  /** The handle is unreferenced, so something must hold the event loop open while we wait for the end. */
  const untilEnded = async (timeoutMs: number): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([ended, timeout]);
    clearTimeout(timer);
    return end !== undefined;
  };

  const kill = async (): Promise<void> => {
    signalGroup(pid, "SIGKILL", end);
    if (!(await untilEnded(10_000))) throw new Error(`${spec.name} (process ${pid}) does not end by SIGKILL`);
  };

  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    ended: () => end,
    ready: async (condition, options) => {
      try {
        await waitFor(async () => (await condition()) as boolean, { ...options, signal: over.signal });
      } catch (error) {
        over.signal.throwIfAborted();
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${why}; the end of ${spec.logFile}:\n${tail(spec.logFile)}`, { cause: error });
      }
    },
    stop: async (graceMs = 10_000) => {
      signalGroup(pid, `SIG${guarded.signal}`, end);
      if (!(await untilEnded(graceMs))) await kill();
    },
    kill,
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals, end: string | undefined): void {
  if (end !== undefined) return; // Its id may belong to somebody else by now.
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Ended in this moment: the exit event is on its way.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const TAIL_CHARS = 3000;

function tail(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8").slice(-TAIL_CHARS);
  } catch {
    return "(no log)";
  }
}
