#!/usr/bin/env node
// `npm run test:real -- [vitest arguments]`: the tests on real parts (*.real.test.ts). Says first what the machine lacks
// for them, and fails; nothing is skipped silently. Then builds what is built once a machine, then runs vitest.
// `--build-only` ends after the build.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { tsImport } from "tsx/esm/api";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const buildOnly = args.includes("--build-only");

const { findMissing, prepareRealTier } = await tsImport(
  "../packages/testing/src/real-tier/prepare.ts",
  import.meta.url,
);

const missing = findMissing();
if (missing.length > 0) {
  console.error(`The real tier cannot run here. Missing:\n  ${missing.join("\n  ")}`);
  process.exit(1);
}

const startedAt = performance.now();
const tell = (line) =>
  console.log(`[${String(Math.round((performance.now() - startedAt) / 1000)).padStart(4)}s] ${line}`);
try {
  await prepareRealTier(tell);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
tell("real parts: built");
if (buildOnly) process.exit(0);

const vitest = spawn(`${root}node_modules/.bin/vitest`, ["run", "--project", "real", ...args], {
  cwd: root,
  stdio: "inherit",
});
// Vitest must end in order, so that its tests stop what they started: we wait for it instead of dying first.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // A terminal sends Ctrl-C to vitest as well, which takes a second one for "at once".
  process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || vitest.kill(signal));
}
vitest.on("error", (error) => {
  console.error(`vitest cannot be started: ${error.message}`);
  process.exit(1);
});
vitest.on("exit", (code) => process.exit(code ?? 1));
