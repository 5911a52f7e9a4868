import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const EXAMPLE = JSON.parse(readFileSync(new URL("../examples/plan.json", import.meta.url), "utf8"));
const DOCS = readFileSync(new URL("../../../docs/planner.md", import.meta.url), "utf8");

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-plan-"));
  const { history, ...example } = EXAMPLE;
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  write("case.json", { ...example, months: 14, history });
  const [first, ...others] = example.products;
  write("wrong.json", { ...example, history, products: [{ ...first, hourlyUsd: 133.36 }, ...others], colour: "red" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As npm runs it: in the package's folder, and told where the user stands. */
function plan(...paths: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "commands/plan.ts", ...paths], {
    cwd: PACKAGE,
    env: { ...process.env, INIT_CWD: folder },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the example of docs/planner.md is examples/plan.json, but for its hours", () => {
  const told = JSON.parse(/## Commands: plan[\s\S]*?```json\n([\s\S]*?)```/.exec(DOCS)?.[1] ?? "{}");
  expect({ ...EXAMPLE, history: told.history }).toEqual(told);
});

test("the example, with a shorter horizon, is planned, explained and checked", () => {
  const { status, stdout } = plan("case.json");
  const shown = JSON.parse(stdout);
  expect(shown).toMatchObject({ violations: [], outcome: "optimal" });
  expect(Number(shown.costUsd)).toBeLessThan(Number(shown.withoutPurchasesUsd));
  expect(shown.boundUsd).toBeLessThanOrEqual(shown.objectiveUsd + 1e-3);
  expect(shown.gap).toBeLessThan(0.02);
  expect(shown.purchases.length).toBeGreaterThan(0);
  for (const { why, upfrontUsd, hourlyUsd } of shown.purchases) {
    expect(why.utilization).toBeGreaterThan(0);
    expect(upfrontUsd + hourlyUsd).toBeGreaterThan(0);
  }
  expect(status).toBe(0);
});

test("a case that cannot be read names each fault by field and rule, prints nothing, and ends with 2", () => {
  const { status, stdout, stderr } = plan("wrong.json");
  expect(stderr).toContain("plan: wrong.json: colour is no field here");
  expect(stderr).toContain("plan: wrong.json: products[0].hourlyUsd must be a discount");
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test.each([
  [[], "plan: missing: CASE.json"],
  [["case.json", "more"], "plan: not expected: more"],
  [["none.json"], "plan: cannot read none.json"],
])("wrong usage %j ends with 2", (paths, message) => {
  const { status, stderr } = plan(...paths);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});
