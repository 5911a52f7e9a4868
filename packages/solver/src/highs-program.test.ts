import type { Highs } from "highs";
import { beforeAll, expect, test } from "vitest";
import { HighsProgram } from "./highs-program.ts";
import { loadHighs } from "./load-highs.ts";
import { covering } from "./testing/programs.ts";

let highs: Highs;
beforeAll(async () => {
  highs = await loadHighs();
});

test("a solve starts from the last basis, also after columns were added and after a whole-number solve", () => {
  const first = covering(21, 80, 200);
  const more = covering(22, 80, 20);
  const program = new HighsProgram(highs, first.rows);
  program.addColumns(first.columns);
  program.solve();
  const fromNothing = program.simplexIterations;
  program.solve();
  expect(program.simplexIterations).toBe(0);
  program.addColumns(more.columns);
  program.solve();
  expect(program.simplexIterations).toBeGreaterThan(0);
  expect(program.simplexIterations).toBeLessThan(fromNothing / 3);
  program.solveInteger({ maxNodes: 1, relativeGap: 0.5 });
  program.solve();
  expect(program.simplexIterations).toBe(0);
  program.close();
});

test("columns that are added between a whole-number solve and a linear one are part of both", () => {
  const { rows, columns } = covering(23, 10, 30);
  const program = new HighsProgram(highs, rows);
  program.addColumns(columns);
  program.solve();
  program.addColumns(covering(24, 10, 5).columns);
  for (const solution of [program.solveInteger({ relativeGap: 0.2 }), program.solve()]) {
    expect("columns" in solution && solution.columns.length).toBe(columns.costs.length + 15);
  }
  program.close();
});

test("200 programs, opened, solved and closed, take no more memory than the first ten", () => {
  const { rows, columns } = covering(25, 40, 80);
  const round = () => {
    const program = new HighsProgram(highs, rows);
    program.addColumns(columns);
    program.solve();
    program.solveInteger({ maxNodes: 0, relativeGap: 0.5 });
    program.close();
  };
  for (let count = 0; count < 10; count++) round();
  const before = highs.memoryBytes;
  for (let count = 0; count < 200; count++) round();
  expect(highs.memoryBytes).toBe(before);
});

test("a program that was not closed keeps its memory, so the measure above sees a leak", () => {
  const { rows, columns } = covering(26, 60, 300);
  const programs: HighsProgram[] = [];
  const before = highs.memoryBytes;
  for (let count = 0; count < 400 && highs.memoryBytes === before; count++) {
    const program = new HighsProgram(highs, rows);
    program.addColumns(columns);
    program.solve();
    programs.push(program);
  }
  for (const program of programs) program.close();
  expect(highs.memoryBytes).toBeGreaterThan(before);
});
