#!/usr/bin/env node
// `npm run bench`: runs `bench` of each workspace that has one, one after the other, so that figures do not disturb each
// other. `-- --json` prints one line per figure: {"figure","value","unit","must","aim","better"}; the benches print that
// form themselves when they are given --json, so this script only passes it on. `-- NAME` runs the benches of one workspace.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith("-"));
const passedOn = args.filter((arg) => arg.startsWith("-"));

let failed = 0;
let ran = 0;
for (const group of ["packages", "apps"]) {
  for (const name of readdirSync(`${root}${group}`).sort()) {
    const folder = `${root}${group}/${name}`;
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    if (manifest.scripts?.bench === undefined || (wanted.length > 0 && !wanted.includes(name))) continue;
    ran++;
    console.error(`# ${manifest.name}`);
    // --silent: npm's own heading would stand between the figures.
    const result = spawnSync("npm", ["run", "--silent", "bench", "--", ...passedOn], { cwd: folder, stdio: "inherit" });
    if (result.status !== 0) {
      failed++;
      console.error(`# ${manifest.name}: bench ended with ${result.status ?? result.signal ?? result.error?.message}`);
    }
  }
}
if (ran === 0) console.error(wanted.length > 0 ? `no workspace named ${wanted.join(", ")} has a bench` : "no benches");
process.exit(failed === 0 && ran > 0 ? 0 : 1);
