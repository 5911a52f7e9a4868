import { fileURLToPath } from "node:url";
import type { Columns, Program, RowBounds, Solution, SolveLimits } from "@berth/ports";
import { Piscina } from "piscina";
import { closedError, type OpenSolver } from "./open-solver.ts";
import type { Call } from "./thread.ts";

/**
 * HiGHS in a thread of its own, so that the caller's event loop stays free while it solves. Calls are answered one after
 * the other, in order, whichever program they are for: who wants two solves at once opens two solvers.
 *
 * Takes half a second, and 60 MiB until it is closed. `close` ends the thread also in the midst of a solve, and refuses
 * what was under way: the only way to break a solve off. The thread does not keep the process alive. Should it end by
 * itself, its programs are gone, and every call from then on says so.
 */
export function openSolver(): Promise<OpenSolver> {
  return openThread(new URL("./thread.ts", import.meta.url));
}

/** With the program of the thread given, for tests of threads that end. */
export async function openThread(file: URL): Promise<OpenSolver> {
  const pool = new Piscina<Call, Solution | undefined>({
    filename: fileURLToPath(file),
    // A program lives in one thread.
    minThreads: 1,
    maxThreads: 1,
    // Without words of its own a thread is started like its process, and not every process of ours reads TypeScript. In a
    // thread tsx reads what is required, which is how piscina loads a file at first: no top-level await in thread.ts.
    execArgv: ["--import", TYPESCRIPT_LOADER],
  });
  let opened = 0;
  /** Why calls are refused. */
  let ended: string | undefined;

  const end = () => {
    if (ended !== undefined) return;
    ended = "the solver's thread has ended";
    // The pool has another thread by then, which knows nothing of the programs.
    queueMicrotask(() => void pool.destroy());
  };
  pool.on("workerDestroy", end);
  pool.on("error", end);

  const call = async (message: Call): Promise<Solution | undefined> => {
    if (ended !== undefined) throw new Error(ended);
    try {
      return await pool.run(message);
    } catch (error) {
      throw ended === undefined ? error : new Error(ended, { cause: error });
    }
  };
  const solved = async (message: Call): Promise<Solution> => {
    const solution = await call(message);
    if (solution === undefined) throw new Error(`${message.name} was answered by nothing`);
    return solution;
  };
  const openProgram = async (rows: RowBounds): Promise<Program> => {
    const program = opened++;
    await call({ name: "open", program, rows: copyRows(rows) });
    let programClosed = false;
    return {
      addColumns: async (columns) => {
        await call({ name: "addColumns", program, columns: copyColumns(columns) });
      },
      setRowBounds: async (bounds) => {
        await call({ name: "setRowBounds", program, rows: copyRows(bounds) });
      },
      solve: () => solved({ name: "solve", program }),
      solveInteger: (limits) => solved({ name: "solveInteger", program, limits: copyLimits(limits) }),
      close: async () => {
        if (programClosed || ended !== undefined) return;
        programClosed = true;
        await call({ name: "close", program });
      },
    };
  };
  const close = async () => {
    ended ??= closedError("solver").message;
    await pool.destroy();
  };

  try {
    await call({ name: "start" });
  } catch (error) {
    await close();
    throw error;
  }
  return { openProgram, close };
}

const TYPESCRIPT_LOADER = import.meta.resolve("tsx");

// A message may wait in the queue while the caller goes on to use its arrays; and one that is a window on a larger buffer
// would be sent with all of that buffer.
function copyRows({ lower, upper }: RowBounds): RowBounds {
  return { lower: lower.slice(), upper: upper.slice() };
}

function copyLimits(limits: SolveLimits): SolveLimits {
  return limits.whole === undefined ? limits : { ...limits, whole: limits.whole.slice() };
}

function copyColumns({ costs, lower, upper, starts, rows, values }: Columns): Columns {
  return {
    costs: costs.slice(),
    lower: lower.slice(),
    upper: upper.slice(),
    starts: starts.slice(),
    rows: rows.slice(),
    values: values.slice(),
  };
}
