import type { Program, RowBounds } from "@berth/ports";

import { HighsProgram } from "./highs-program.ts";
import { loadHighs } from "./load-highs.ts";
import { closedError, type OpenSolver } from "./open-solver.ts";

/**
 * HiGHS in the caller's own thread, which each solve blocks until it has ended: for a caller that is a worker already.
 * Takes some 50 ms, and 20 MiB until it is closed and its programs with it.
 */
export async function openInThreadSolver(): Promise<OpenSolver> {
  const highs = await loadHighs();
  const programs = new Set<HighsProgram>();
  let closed = false;
  return {
    async openProgram(rows: RowBounds): Promise<Program> {
      if (closed) throw closedError("solver");
      const program = new HighsProgram(highs, rows);
      programs.add(program);
      return {
        addColumns: async (columns) => program.addColumns(columns),
        setRowBounds: async (bounds) => program.setRowBounds(bounds),
        solve: async () => program.solve(),
        solveInteger: async (limits) => program.solveInteger(limits),
        close: async () => {
          program.close();
          programs.delete(program);
        },
      };
    },
    async close() {
      closed = true;
      for (const program of programs) program.close();
      programs.clear();
    },
  };
}
