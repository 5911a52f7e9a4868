#!/usr/bin/env node
// `npm run generate`: the Prisma client into packages/db/src/generated (not in git), when prisma/schema or Prisma itself
// changed since. Otherwise it only compares a hash, so that it can stand before dev, demo, test, check and bench.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const output = `${root}packages/db/src/generated`;
const stamp = `${output}/schema.sha256`;

const hash = createHash("sha256");
for (const file of readdirSync(`${root}prisma/schema`).sort()) {
  hash.update(file).update(readFileSync(`${root}prisma/schema/${file}`));
}
hash.update(JSON.parse(readFileSync(`${root}node_modules/prisma/package.json`, "utf8")).version);
const wanted = hash.digest("hex");
const isCurrent = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
if (isCurrent()) process.exit(0);

// Two commands may start together; the second waits for the first and then finds its work done.
const lock = `${root}node_modules/.berth-generate.lock`;
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
const deadline = Date.now() + 60_000;
for (;;) {
  try {
    mkdirSync(lock);
    break;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (Date.now() > deadline) rmSync(lock, { recursive: true, force: true }); // Left by one that was killed.
    pause();
  }
}
try {
  if (!isCurrent()) generate();
} finally {
  rmSync(lock, { recursive: true, force: true });
}

function generate() {
  // The CLI looks for a native engine and would download one, though `generate` needs none: any program will do.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" };
  const args = [`${root}node_modules/prisma/build/index.js`, "generate", "--no-hints"];
  const result = spawnSync(process.execPath, args, { cwd: `${root}prisma`, env, encoding: "utf8" });
  if (result.status === 0) {
    writeFileSync(stamp, wanted);
    return;
  }
  console.error(`prisma generate failed\n${result.stdout}${result.stderr}`);
  process.exitCode = 1;
}
