#!/usr/bin/env node
// `npm run check`: types, style, unused code, the dependency table and the Node version of every package. Two at a
// time, so that it keeps to a minute on two cores; all run to their end, so that one run shows every fault.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

const STEPS = [
  { name: "types", command: [bin("tsc"), "-b"] },
  { name: "style", command: [bin("biome"), "check", "--error-on-warnings", "."] },
  { name: "unused", command: [bin("knip"), "--no-progress", "--no-config-hints"] },
  { name: "readme", command: [process.execPath, "scripts/configuration-table.mjs", "--check"] },
  { name: "engines", command: [process.execPath, "scripts/check-engines.mjs"] },
  { name: "repository", command: [bin("vitest"), "run", "--project", "unit", "packages/testing/src/repository"] },
];

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

function run({ name, command }) {
  const startedAt = performance.now();
  const child = spawn(command[0], command.slice(1), { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      output += String(error);
      resolve(false);
    });
    child.on("close", (code) => {
      const passed = code === 0;
      console.log(`${passed ? "ok  " : "FAIL"} ${name} ${seconds(startedAt)} s`);
      if (!passed) console.log(output);
      resolve(passed);
    });
  });
}

const startedAt = performance.now();
// Nothing to do, and done in a moment, when the schema is the one of the last time.
if (!(await run({ name: "generate", command: [process.execPath, "scripts/generate.mjs"] }))) process.exit(1);

const waiting = [...STEPS];
const results = [];
const lane = async () => {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await run(step));
};
await Promise.all([lane(), lane()]);
const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? `check passed in ${seconds(startedAt)} s` : `check: ${failed} of ${STEPS.length} failed`);
process.exit(failed === 0 ? 0 : 1);
