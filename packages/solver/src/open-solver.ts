import type { Solver } from "@berth/ports";

/** A solver that holds a thread or the memory of one, until it is closed. */
export interface OpenSolver extends Solver {
  /** Frees everything, also what programs were left open, and refuses calls from then on. Closing again does nothing. */
  close(): Promise<void>;
}

/** What a call meets after the close of its program or its solver. */
export function closedError(what: "program" | "solver"): Error {
  return new Error(`the ${what} is closed`);
}
