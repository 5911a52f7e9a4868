#!/usr/bin/env node
// Writes the table of variables into README.md, between its two marks, from the schemas that read them. `--check` only
// says whether it is current: part of `npm run check`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tsImport } from "tsx/esm/api";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const BEGIN = "<!-- configuration: node scripts/configuration-table.mjs -->";
const END = "<!-- end of configuration -->";

const { API_VARIABLES } = await tsImport("../apps/api/src/config.ts", import.meta.url);
const { WORKER_VARIABLES } = await tsImport("../apps/worker/src/config.ts", import.meta.url);

const rows = [
  ["api", API_VARIABLES],
  ["worker", WORKER_VARIABLES],
].flatMap(([process, schema]) =>
  Object.entries(schema.shape)
    // What is there for crash tests alone is no configuration.
    .filter(([, field]) => !field.description?.startsWith("for crash tests"))
    .map(([name, field]) => `| ${process} | \`${name}\` | ${defaultOf(field)} | ${field.description ?? ""} |`),
);
const table = ["| Process | Variable | Default | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");

const text = readFileSync(README, "utf8");
const begin = text.indexOf(BEGIN);
const end = text.indexOf(END);
if (begin < 0 || end < begin) {
  console.error("README.md has lost the marks of its configuration table");
  process.exit(1);
}
const wanted = `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
if (wanted === text) process.exit(0);
if (process.argv.includes("--check")) {
  console.error("README.md's configuration table is not current: run node scripts/configuration-table.mjs");
  process.exit(1);
}
writeFileSync(README, wanted);

function defaultOf(field) {
  const inner = field.safeParse(undefined);
  if (!inner.success) return "required";
  return inner.data === undefined ? "" : `\`${inner.data}\``;
}
