import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PURE_PACKAGES } from "./dependency-table.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const IMPURE = ["Date.now()", "new Date()", "Math.random()", "performance.now()", "[1].map(Math.random)"];
const REFUSAL = "A pure package takes time and chance as arguments.";

let folder: string;

// Biome runs plugins on files alone, not on its standard input: the repository's own rules are copied to a scratch tree.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-pure-"));
  mkdirSync(join(folder, "scripts"));
  for (const file of ["biome.json", "scripts/pure.grit"]) copyFileSync(join(root, file), join(folder, file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How often Biome refuses `source` at that path by the rule for pure packages. */
function refusals(path: string, source: string): number {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, source);
  const command = join(root, "node_modules/.bin/biome");
  const result = spawnSync(command, ["lint", "--vcs-enabled=false", path], { cwd: folder, encoding: "utf8" });
  return (result.stdout + result.stderr).split(REFUSAL).length - 1;
}

test.each(PURE_PACKAGES)("%s may not read the clock or draw a random number", (name) => {
  const source = IMPURE.map((expression, index) => `export const value${index} = ${expression};\n`).join("");
  expect(refusals(`packages/${name}/src/example.ts`, source)).toBe(IMPURE.length);
});

test("a date made from an argument is fine in a pure package, and a clock is fine elsewhere", () => {
  expect(refusals("packages/domain/src/date.ts", "export const at = (ms: number) => new Date(ms);\n")).toBe(0);
  expect(refusals("packages/db/src/now.ts", "export const now = () => Date.now();\n")).toBe(0);
});
