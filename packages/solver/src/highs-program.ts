import type { Columns, RowBounds, Solution, SolveLimits } from "@berth/ports";
import type { Basis, Highs, Model } from "highs";
import { closedError } from "./open-solver.ts";

/**
 * One program in one HiGHS model, synchronous: the calls of the port, without its promises.
 *
 * A linear solve is the simplex method without presolve, as presolve would throw the basis away: primal simplex from a
 * basis that is feasible, as it is after columns were added, dual simplex otherwise. A whole-number solve is the
 * branch and bound of HiGHS with presolve; it leaves no basis, so the last linear one is kept here and put back.
 *
 * HiGHS runs in a single thread with a fixed seed and no time limit: the same calls in the same order give the same
 * bits. A model is native memory that no garbage collection frees: `close` must be called.
 */
export class HighsProgram {
  readonly #highs: Highs;
  readonly #model: Model;
  readonly #rowCount: number;
  #columnCount = 0;
  /** Of the last linear solve; columns that were added since are not in it. */
  #basis: Basis | undefined;
  #closed = false;

  constructor(highs: Highs, rows: RowBounds) {
    this.#highs = highs;
    this.#rowCount = checkedCount(rows);
    this.#model = highs.createModel();
    try {
      this.#model.options.set({ output_flag: false, random_seed: 0 });
      if (this.#rowCount > 0) {
        this.#model.addRows({
          lower: rows.lower,
          upper: rows.upper,
          matrix: {
            format: "csr",
            numRows: this.#rowCount,
            numCols: 0,
            starts: new Int32Array(this.#rowCount + 1),
            indices: new Int32Array(0),
            values: new Float64Array(0),
          },
        });
      }
    } catch (error) {
      this.#model.dispose();
      throw error;
    }
  }

  addColumns(columns: Columns): void {
    const model = this.#open();
    const count = columns.costs.length;
    if (count === 0) return;
    model.addCols({
      cost: columns.costs,
      lower: columns.lower,
      upper: columns.upper,
      matrix: {
        format: "csc",
        numRows: this.#rowCount,
        numCols: count,
        starts: columns.starts,
        indices: columns.rows,
        values: columns.values,
      },
    });
    this.#columnCount += count;
  }

  setRowBounds(rows: RowBounds): void {
    const model = this.#open();
    const count = checkedCount(rows);
    if (count !== this.#rowCount) throw new Error(`the program has ${this.#rowCount} rows, not ${count}`);
    if (count > 0) model.changeRowsBounds({ kind: "range", from: 0, to: count - 1 }, rows.lower, rows.upper);
  }

  solve(): Solution {
    const model = this.#open();
    if (this.#columnCount === 0) return this.#withoutColumns();
    model.options.set({ solver: "simplex", simplex_strategy: CHOOSE, presolve: "off" });
    model.run();
    if (!this.#decided()) {
      // Numbers that went astray on the way from an old basis: once more from none.
      model.clearSolver();
      model.run();
    }
    const solution = this.#read();
    this.#basis = solution.outcome === "optimal" ? model.getBasis() : undefined;
    return solution;
  }

  solveInteger(limits: SolveLimits): Solution {
    const model = this.#open();
    if (this.#columnCount === 0) return this.#withoutColumns();
    const all = { kind: "range", from: 0, to: this.#columnCount - 1 } as const;
    model.changeColsIntegrality(all, this.#integrality(limits.whole));
    try {
      model.options.set({
        solver: "choose",
        presolve: "choose",
        mip_max_nodes: limits.maxNodes ?? MOST_NODES,
        mip_rel_gap: limits.relativeGap ?? 0,
      });
      model.run();
      if (model.getModelStatus() === this.#highs.constants.modelStatus.unboundedOrInfeasible) {
        // Presolve does not say which of the two.
        model.options.set({ presolve: "off" });
        model.run();
      }
      const solution = this.#read();
      if (!("duals" in solution)) return solution;
      // With no column that must be whole it was a linear program, of which HiGHS gives no such bound.
      const isLinear = limits.whole?.every((one) => one === 0) === true;
      const bound = isLinear ? solution.bound : Number(model.info.get("mip_dual_bound"));
      return { ...solution, bound, duals: new Float64Array(this.#rowCount) };
    } finally {
      model.clearIntegrality();
      if (this.#basis !== undefined) model.setBasis(this.#extended(this.#basis));
    }
  }

  /** Of the last solve: none when it started where it ended. */
  get simplexIterations(): number {
    return Number(this.#open().info.get("simplex_iteration_count"));
  }

  close(): void {
    this.#closed = true;
    this.#basis = undefined;
    this.#model.dispose();
  }

  #integrality(whole: Uint8Array | undefined): Int32Array {
    const count = this.#columnCount;
    if (whole === undefined) return new Int32Array(count).fill(INTEGER);
    if (whole.length !== count) throw new Error(`the program has ${count} columns, not ${whole.length}`);
    return Int32Array.from(whole, (one) => (one === 0 ? CONTINUOUS : INTEGER));
  }

  #open(): Model {
    if (this.#closed) throw closedError("program");
    return this.#model;
  }

  /** HiGHS leaves a model without columns unsolved, whatever its rows ask for. */
  #withoutColumns(): Solution {
    const { lower, upper } = this.#model.getRows({ kind: "mask", mask: new Uint8Array(this.#rowCount).fill(1) });
    if (lower.some((bound) => bound > 0) || upper.some((bound) => bound < 0)) return { outcome: "infeasible" };
    return {
      outcome: "optimal",
      objective: 0,
      bound: 0,
      columns: new Float64Array(0),
      duals: new Float64Array(this.#rowCount),
    };
  }

  #decided(): boolean {
    const { optimal, infeasible, unbounded } = this.#highs.constants.modelStatus;
    const status = this.#model.getModelStatus();
    return status === optimal || status === infeasible || status === unbounded;
  }

  /** Of the run that just ended. Throws when HiGHS gave up, which is neither the program's fault nor an answer. */
  #read(): Solution {
    const { modelStatus, solutionStatus } = this.#highs.constants;
    const status = this.#model.getModelStatus();
    switch (status) {
      case modelStatus.infeasible:
        return { outcome: "infeasible" };
      case modelStatus.unbounded:
        return { outcome: "unbounded" };
      case modelStatus.optimal:
        return this.#values("optimal");
      case modelStatus.solutionLimit:
        return this.#model.info.get("primal_solution_status") === solutionStatus.feasible
          ? this.#values("limit")
          : { outcome: "none_found" };
      default: {
        const name = Object.entries(modelStatus).find(([, code]) => code === status)?.[0];
        throw new Error(`HiGHS ended without an answer: ${name ?? status}`);
      }
    }
  }

  #values(outcome: "optimal" | "limit"): Solution {
    const { colValue, rowDual } = this.#model.getSolution();
    const objective = this.#model.getObjectiveValue();
    return { outcome, objective, bound: objective, columns: colValue, duals: rowDual };
  }

  /** New columns stand at a bound, which keeps a feasible basis feasible where that bound is 0. */
  #extended({ colStatus, rowStatus }: Basis): Basis {
    const columns = new Int32Array(this.#columnCount).fill(this.#highs.constants.basisStatus.nonbasic);
    columns.set(colStatus);
    return { colStatus: columns, rowStatus };
  }
}

/** HiGHS' own number for: primal or dual simplex, whichever the basis calls for. */
const CHOOSE = 0;
const CONTINUOUS = 0;
const INTEGER = 1;
const MOST_NODES = 2 ** 31 - 1;

function checkedCount({ lower, upper }: RowBounds): number {
  if (lower.length !== upper.length) throw new Error(`${lower.length} lower row bounds and ${upper.length} upper ones`);
  return lower.length;
}
