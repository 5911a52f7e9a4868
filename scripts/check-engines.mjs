#!/usr/bin/env node
// Every package that we install must say that it runs on the oldest Node that we promise, or stand on the list below.
// npm's own engine-strict cannot be used: a few packages declare more than they need (and npm then refuses them all).
import { readFileSync } from "node:fs";
import semver from "semver";

/** Packages seen to work on Node 20.19 although they declare more, and why each is here. */
const ALLOWED = {
  "@fastify/sse": "declares >=20.20.2; uses nothing newer than 20.0",
  "@prisma/streams-local": "declares >=22; only the Prisma CLI's local server loads it, which we never start",
  "content-disposition": "declares >=22; only @fastify/static loads it, for the API's page of documentation",
  cookie: "declares >=22; only light-my-request loads it, for inject in tests",
};

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const oldest = semver.minVersion(read("../package.json").engines.node);
const refused = new Map();
for (const [path, entry] of Object.entries(read("../package-lock.json").packages)) {
  const range = entry.engines?.node;
  if (path === "" || entry.optional || range === undefined) continue;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  if (!semver.satisfies(oldest, range)) refused.set(name, `${entry.version} wants Node ${range}`);
}

const faults = [...refused].filter(([name]) => !(name in ALLOWED)).map(([name, why]) => `${name} ${why}`);
for (const name of Object.keys(ALLOWED)) {
  if (!refused.has(name)) faults.push(`${name} is on the list and need not be: take it off`);
}
if (faults.length > 0) {
  console.error(`Node ${oldest} is promised, but:\n  ${faults.join("\n  ")}`);
  process.exit(1);
}
console.log(`every package runs on Node ${oldest} (${refused.size} known to declare more)`);
