/**
 * What runs in the solver's thread: an in-thread solver, and its programs by the numbers that the caller gave them. Each
 * message is one call; piscina sends the next when the last has been answered, so calls keep their order.
 */
import type { Columns, Program, RowBounds, Solution, SolveLimits } from "@berth/ports";
import { openInThreadSolver } from "./in-thread-solver.ts";
import { closedError } from "./open-solver.ts";

export type Call =
  | { readonly name: "start" }
  | { readonly name: "open"; readonly program: number; readonly rows: RowBounds }
  | { readonly name: "addColumns"; readonly program: number; readonly columns: Columns }
  | { readonly name: "setRowBounds"; readonly program: number; readonly rows: RowBounds }
  | { readonly name: "solve"; readonly program: number }
  | { readonly name: "solveInteger"; readonly program: number; readonly limits: SolveLimits }
  | { readonly name: "close"; readonly program: number };

const opening = openInThreadSolver();
const programs = new Map<number, Program>();

export default async function answer(call: Call): Promise<Solution | undefined> {
  const solver = await opening;
  if (call.name === "start") return;
  if (call.name === "open") {
    programs.set(call.program, await solver.openProgram(call.rows));
    return;
  }
  const program = programs.get(call.program);
  if (program === undefined) throw closedError("program");
  switch (call.name) {
    case "addColumns":
      await program.addColumns(call.columns);
      return;
    case "setRowBounds":
      await program.setRowBounds(call.rows);
      return;
    case "solve":
      return program.solve();
    case "solveInteger":
      return program.solveInteger(call.limits);
    case "close":
      programs.delete(call.program);
      await program.close();
      return;
  }
}
