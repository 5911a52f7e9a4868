import { setImmediate } from "node:timers/promises";
import type { Program, RowBounds, Solution } from "@berth/ports";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenSolver, openInThreadSolver, openSolver } from "./index.ts";
import { atLeast, atMost, columns, covering } from "./testing/programs.ts";
import { openThread } from "./threaded-solver.ts";

function solvedAs(outcome: "optimal" | "limit", solution: Solution): Extract<Solution, { objective: number }> {
  if (!("objective" in solution)) throw new Error(`the program is ${solution.outcome}`);
  expect(solution.outcome).toBe(outcome);
  return solution;
}

function expectClose(actual: Float64Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 6);
}

describe.each([
  ["in the caller's thread", openInThreadSolver],
  ["in a thread of its own", openSolver],
] as const)("HiGHS %s", (_, open) => {
  let solver: OpenSolver;
  beforeAll(async () => {
    solver = await open();
  });
  afterAll(() => solver.close());

  const withProgram = async <T>(rows: RowBounds, run: (program: Program) => Promise<T>): Promise<T> => {
    const program = await solver.openProgram(rows);
    try {
      return await run(program);
    } finally {
      await program.close();
    }
  };

  test("gives the least cost, the values and the shadow prices of a small program", async () => {
    // Cutting stock: rolls of 9 into 44 pieces of 2, 3 of 5 and 48 of 3, at most of one length a roll.
    await withProgram(atLeast(44, 3, 48), async (program) => {
      await program.addColumns(
        columns([
          [1, 4, 0, 0],
          [1, 0, 1, 0],
          [1, 0, 0, 3],
        ]),
      );
      const solution = solvedAs("optimal", await program.solve());
      expect(solution.objective).toBeCloseTo(30, 6);
      expectClose(solution.columns, [11, 3, 16]);
      expectClose(solution.duals, [1 / 4, 1, 1 / 3]);
    });
  });

  test("a row with an upper bound has a shadow price of at most 0, and one that does not bind has none", async () => {
    // The most of 3 x + 5 y with x <= 4, 2 y <= 12, 3 x + 2 y <= 18.
    await withProgram(atMost(4, 12, 18), async (program) => {
      await program.addColumns(
        columns([
          [-3, 1, 0, 3],
          [-5, 0, 2, 2],
        ]),
      );
      const solution = solvedAs("optimal", await program.solve());
      expect(solution.objective).toBeCloseTo(-36, 6);
      expectClose(solution.columns, [2, 6]);
      expectClose(solution.duals, [0, -1.5, -1]);
    });
  });

  test("a column that is added lowers the optimum, and the columns before it keep their places", async () => {
    await withProgram(atLeast(44, 3, 48), async (program) => {
      await program.addColumns(
        columns([
          [1, 4, 0, 0],
          [1, 0, 1, 0],
          [1, 0, 0, 3],
        ]),
      );
      await program.solve();
      // 2 x 2 + 5: worth 2/4 + 1 at the prices above, so 3 rolls of it spare 1.5.
      await program.addColumns(columns([[1, 2, 1, 0]]));
      const solution = solvedAs("optimal", await program.solve());
      expect(solution.objective).toBeCloseTo(28.5, 6);
      expectClose(solution.columns, [9.5, 0, 16, 3]);
    });
  });

  test("other row bounds are another program on the same columns", async () => {
    await withProgram(atLeast(44), async (program) => {
      await program.addColumns(columns([[1, 4]]));
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(11, 6);
      await program.setRowBounds(atLeast(8));
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(2, 6);
    });
  });

  test("a whole-number solve gives whole numbers and no shadow prices, and the program is linear after it", async () => {
    await withProgram(atLeast(7, 5), async (program) => {
      await program.addColumns(
        columns([
          [2, 2, 1],
          [3, 1, 3],
        ]),
      );
      const before = solvedAs("optimal", await program.solve());
      expect(before.objective).toBeCloseTo(8.2, 6);
      const whole = solvedAs("optimal", await program.solveInteger({}));
      expect(whole.objective).toBeCloseTo(9, 6);
      expectClose(whole.columns, [3, 1]);
      expectClose(whole.duals, [0, 0]);
      const after = solvedAs("optimal", await program.solve());
      expectClose(after.columns, [...before.columns]);
      expectClose(after.duals, [...before.duals]);
    });
  });

  test("a whole-number solve is possible before any linear one, and between columns that are added", async () => {
    await withProgram(atLeast(7), async (program) => {
      await program.addColumns(columns([[2, 2]]));
      expect(solvedAs("optimal", await program.solveInteger({})).objective).toBeCloseTo(8, 6);
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(7, 6);
      await program.addColumns(columns([[2.5, 3]]));
      expect(solvedAs("optimal", await program.solveInteger({})).objective).toBeCloseTo(6.5, 6);
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(35 / 6, 6);
    });
  });

  test("a whole-number solve may be cut short by nodes, and says so", async () => {
    const hard = covering(5, 15, 40);
    await withProgram(hard.rows, async (program) => {
      await program.addColumns(hard.columns);
      const linear = solvedAs("optimal", await program.solve());
      const short = solvedAs("limit", await program.solveInteger({ maxNodes: 1 }));
      expect(short.objective).toBeGreaterThanOrEqual(linear.objective);
      for (const value of short.columns) expect(value).toBeCloseTo(Math.round(value), 6);
      const near = solvedAs("optimal", await program.solveInteger({ relativeGap: 0.1 }));
      expect(near.objective).toBeLessThanOrEqual(linear.objective * 1.12);
    });
  });

  test("a whole-number solve with some columns named takes those alone whole, and none costs its linear cost", async () => {
    await withProgram(atLeast(7, 5), async (program) => {
      await program.addColumns(
        columns([
          [2, 2, 1],
          [3, 1, 3],
        ]),
      );
      const linear = solvedAs("optimal", await program.solve());
      const some = solvedAs("optimal", await program.solveInteger({ whole: Uint8Array.of(1, 0) }));
      expect(some.objective).toBeCloseTo(9, 6);
      expect(some.columns[0]).toBeCloseTo(Math.round(some.columns[0] as number), 6);
      const other = solvedAs("optimal", await program.solveInteger({ whole: Uint8Array.of(0, 1) }));
      expectClose(other.columns, [3, 1]);
      const none = solvedAs("optimal", await program.solveInteger({ whole: new Uint8Array(2) }));
      expect(none.objective).toBeCloseTo(linear.objective, 6);
      expect(none.bound).toBeCloseTo(linear.objective, 6);
      await expect(program.solveInteger({ whole: new Uint8Array(3) })).rejects.toThrow(
        "the program has 2 columns, not 3",
      );
    });
  });

  test("a whole-number solve gives a bound that its cost is not below", async () => {
    const hard = covering(5, 15, 40);
    await withProgram(hard.rows, async (program) => {
      await program.addColumns(hard.columns);
      const linear = solvedAs("optimal", await program.solve());
      expect(linear.bound).toBe(linear.objective);
      const short = solvedAs("limit", await program.solveInteger({ maxNodes: 1 }));
      expect(short.bound).toBeLessThanOrEqual(short.objective);
      expect(short.bound).toBeGreaterThanOrEqual(linear.objective - 1e-6);
      const near = solvedAs("optimal", await program.solveInteger({ relativeGap: 0.1 }));
      expect(near.objective).toBeGreaterThanOrEqual(near.bound - 1e-6);
      expect(near.bound).toBeGreaterThanOrEqual(0.9 * near.objective - 1e-6);
    });
  });

  test("a program that nothing can satisfy is infeasible, linear and whole", async () => {
    await withProgram(atLeast(10), async (program) => {
      await program.addColumns(columns([[1, 1]], 9));
      expect(await program.solve()).toEqual({ outcome: "infeasible" });
      expect(await program.solveInteger({})).toEqual({ outcome: "infeasible" });
      await program.addColumns(columns([[50, 1]]));
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(59, 6);
    });
  });

  test("a program whose cost has no end is unbounded, linear and whole", async () => {
    await withProgram(atLeast(1), async (program) => {
      await program.addColumns(columns([[-1, 1]]));
      expect(await program.solve()).toEqual({ outcome: "unbounded" });
      expect(await program.solveInteger({})).toEqual({ outcome: "unbounded" });
    });
  });

  test("a program without columns costs nothing where its rows allow 0, and is infeasible otherwise", async () => {
    const nothing = {
      outcome: "optimal",
      objective: 0,
      bound: 0,
      columns: new Float64Array(0),
      duals: new Float64Array(2),
    };
    await withProgram(atMost(4, 0), async (program) => {
      expect(await program.solve()).toEqual(nothing);
      expect(await program.solveInteger({})).toEqual(nothing);
      await program.setRowBounds(atMost(4, -1));
      expect(await program.solve()).toEqual({ outcome: "infeasible" });
      await program.setRowBounds(atLeast(0, 1));
      expect(await program.solveInteger({})).toEqual({ outcome: "infeasible" });
    });
  });

  test("arrays may be windows on larger ones, and are the caller's again at once", async () => {
    await withProgram({ lower: new Float64Array([9, 44]).subarray(1), upper: atLeast(0).upper }, async (program) => {
      const one = columns([[1, 4]]);
      const adding = program.addColumns({ ...one, costs: new Float64Array([7, 1, 7]).subarray(1, 2) });
      one.values.fill(0);
      await adding;
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(11, 6);
    });
  });

  test("columns that do not fit the rows are an error, and leave the program as it was", async () => {
    await withProgram(atLeast(44), async (program) => {
      await program.addColumns(columns([[1, 4]]));
      await expect(program.addColumns(columns([[1, 0, 4]]))).rejects.toThrow();
      await expect(program.setRowBounds(atLeast(1, 2))).rejects.toThrow("the program has 1 rows, not 2");
      expect(solvedAs("optimal", await program.solve()).objective).toBeCloseTo(11, 6);
    });
  });

  test("a closed program refuses calls, may be closed again, and others go on", async () => {
    await withProgram(atLeast(44), async (other) => {
      const program = await solver.openProgram(atLeast(1));
      await program.addColumns(columns([[1, 1]]));
      await program.close();
      await program.close();
      await expect(program.solve()).rejects.toThrow("the program is closed");
      await expect(program.solveInteger({})).rejects.toThrow("the program is closed");
      await expect(program.addColumns(columns([[1, 1]]))).rejects.toThrow("the program is closed");
      await expect(program.setRowBounds(atLeast(1))).rejects.toThrow("the program is closed");
      await other.addColumns(columns([[1, 4]]));
      expect(solvedAs("optimal", await other.solve()).objective).toBeCloseTo(11, 6);
    });
  });

  test("a closed solver refuses calls and may be closed again, as may its programs", async () => {
    const closing = await open();
    const program = await closing.openProgram(atLeast(1));
    await closing.close();
    await closing.close();
    await program.close();
    await expect(closing.openProgram(atLeast(1))).rejects.toThrow("the solver is closed");
    await expect(program.solve()).rejects.toThrow("closed");
  });

  test("two solvers give the same bits for the same calls", async () => {
    const script = async (one: OpenSolver): Promise<Solution[]> => {
      const first = covering(11, 12, 25);
      const more = covering(12, 12, 25);
      const program = await one.openProgram(first.rows);
      await program.addColumns(first.columns);
      const solutions = [await program.solve()];
      await program.addColumns(more.columns);
      solutions.push(await program.solve(), await program.solveInteger({ maxNodes: 3, relativeGap: 0.001 }));
      solutions.push(await program.solve());
      await program.close();
      return solutions;
    };
    const other = await open();
    const [here, there] = [await script(solver), await script(other)];
    await other.close();
    expect(there).toEqual(here);
    // toEqual takes 0 for -0.
    const bits = (solutions: readonly Solution[]) =>
      solutions.map((one) =>
        "columns" in one ? [Buffer.from(one.columns.buffer), Buffer.from(one.duals.buffer)] : [],
      );
    expect(bits(there)).toEqual(bits(here));
  });
});

test("a solve in a thread of its own leaves the caller's event loop free, and closing the solver breaks it off", async () => {
  const solver = await openSolver();
  const hard = covering(3, 120, 600);
  const program = await solver.openProgram(hard.rows);
  await program.addColumns(hard.columns);
  let ended = false;
  const solving = program.solveInteger({}).finally(() => {
    ended = true;
  });
  const refused = expect(solving).rejects.toThrow("the solver is closed");
  for (let turn = 0; turn < 1000; turn++) await setImmediate();
  expect(ended).toBe(false);
  await solver.close();
  await refused;
});

test("a thread that cannot start is an error of its opening", async () => {
  await expect(openThread(new URL("./testing/broken-thread.ts", import.meta.url))).rejects.toMatchObject({
    message: "the solver's thread has ended",
    cause: expect.any(Error),
  });
});

test("a thread that ends takes its programs along: calls under way, in the queue and later all say so", async () => {
  const solver = await openThread(new URL("./testing/ending-thread.ts", import.meta.url));
  const program = await solver.openProgram(atLeast(1));
  const calls = [program.solve(), program.solve(), program.setRowBounds(atLeast(2))];
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ status: "rejected", reason: { message: "the solver's thread has ended" } });
  }
  await expect(solver.openProgram(atLeast(1))).rejects.toThrow("the solver's thread has ended");
  await program.close();
  await solver.close();
});
