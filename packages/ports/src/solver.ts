/**
 * Linear and mixed-integer programs, all of one form: minimise cost . x, with row bounds on A x and column bounds on x.
 * Values come back as floats that are right to about 1e-7: nothing that must be exact may rest on them.
 */
export interface Solver {
  /** A program with rows and no columns yet; it stays in the solver, and each solve starts from the last basis. */
  openProgram(rows: RowBounds): Promise<Program>;
}

export interface RowBounds {
  readonly lower: Float64Array;
  /** Infinity for none. */
  readonly upper: Float64Array;
}

/** Columns in compressed sparse form: column j has entries starts[j] up to starts[j + 1]. */
export interface Columns {
  readonly costs: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** One more than there are columns; the last is the number of entries. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float64Array;
}

/** Work, never seconds: the same limits give the same answer on any machine. */
export interface SolveLimits {
  /** Of branch and bound; without effect on a linear program. */
  readonly maxNodes?: number;
  /** A solution this near to the bound is good enough, and counts as optimal: 0.001 is one in a thousand. */
  readonly relativeGap?: number;
  /** 1 for each column that must be a whole number, 0 for the others: as many as there are columns. All, where it is left out. */
  readonly whole?: Uint8Array;
}

export type Solution =
  | {
      /** `limit`: a feasible solution, not shown to be the best. */
      readonly outcome: "optimal" | "limit";
      readonly objective: number;
      /** No solution costs less: of a linear program its objective, of branch and bound what was shown when it ended. */
      readonly bound: number;
      readonly columns: Float64Array;
      /** Shadow price of each row; all 0 after a mixed-integer solve. */
      readonly duals: Float64Array;
    }
  | { readonly outcome: "infeasible" | "unbounded" | "none_found" };

export interface Program {
  addColumns(columns: Columns): Promise<void>;
  setRowBounds(rows: RowBounds): Promise<void>;
  solve(): Promise<Solution>;
  /** With every column a whole number, or those that the limits name; the program stays linear for later solves. */
  solveInteger(limits: SolveLimits): Promise<Solution>;
  /** Frees the solver's memory: must be called. Any other call after it is an error; closing again does nothing. */
  close(): Promise<void>;
}
