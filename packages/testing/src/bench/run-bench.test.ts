import { expect, test } from "vitest";
import type { Figure } from "./figure.ts";
import { type BenchPart, CannotMeasure, runBench } from "./run-bench.ts";

const figure = (name: string, value: number): Figure => ({
  figure: name,
  value,
  unit: "s",
  must: 2,
  aim: 1,
  better: "lower",
});

const good = (name: string): BenchPart => ({
  name,
  measure: async (tell) => {
    tell("on its way");
    return [figure(`${name}.total`, 1.23456)];
  },
});
const bad = (name: string, error: Error): BenchPart => ({ name, measure: () => Promise.reject(error) });

async function run(args: readonly string[], parts: readonly BenchPart[]) {
  const seen = { out: "", err: "" };
  const code = await runBench(args, parts, {
    stdout: { write: (text) => (seen.out += text) },
    stderr: { write: (text) => (seen.err += text) },
    measureNoise: async () => ({ loadAverage: 1.5, busyCores: 0.25, idleTimerP99: 0.5 }),
  });
  return { code, lines: seen.out.split("\n").filter((line) => line !== ""), err: seen.err };
}

test("--json prints a line a figure, how noisy the machine was among them, and nothing else", async () => {
  const { code, lines, err } = await run(["--json"], [good("a"), good("b")]);
  expect(code).toBe(0);
  const figures = lines.map((line) => JSON.parse(line) as Figure);
  expect(figures.map((one) => one.figure)).toEqual(
    ["a", "b"].flatMap((part) => [`${part}.busy_cores_before`, `${part}.idle_timer_p99`, `${part}.total`]),
  );
  for (const one of figures) expect(Object.keys(one)).toEqual(["figure", "value", "unit", "must", "aim", "better"]);
  expect(figures[2]?.value).toBe(1.23);
  expect(err).toContain("load average 1.50, 0.25 cores busy");
  expect(err).toContain("on its way");
});

test("for people a figure says whether it keeps its bound, whichever side that is on", async () => {
  const measure = async () => [figure("a.slow", 3), { ...figure("a.fast", 3), better: "higher" as const }];
  const { lines } = await run([], [{ name: "a", measure }]);
  expect(lines[2]).toMatch(/^MISS a\.slow +3 s +must be at most 2, aim 1$/);
  expect(lines[3]).toMatch(/^ok {3}a\.fast +3 s +must be at least 2, aim 1$/);
});

test("--only measures the parts that it names, --list names them", async () => {
  const parts = [good("a"), bad("b", new Error("never")), good("c")];
  const { code, lines } = await run(["--json", "--only", "a", "--only", "c"], parts);
  expect(code).toBe(0);
  expect(lines).toHaveLength(6);
  expect((await run(["--list"], parts)).lines).toEqual(["a", "b", "c"]);
});

test("a part for which something is missing is said with its reason and ends in 3, after the others", async () => {
  const { code, lines, err } = await run(["--json"], [bad("a", new CannotMeasure("no go here")), good("b")]);
  expect(code).toBe(3);
  expect(lines).toHaveLength(3);
  expect(err).toContain("a: no go here");
});

test("a part that fails ends in 1, whatever else is missing, and the others are measured", async () => {
  const parts = [bad("a", new Error("broken")), bad("b", new CannotMeasure("no go here")), good("c")];
  const { code, lines, err } = await run(["--json"], parts);
  expect(code).toBe(1);
  expect(lines).toHaveLength(3);
  expect(err).toContain("broken");
});
