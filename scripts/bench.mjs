#!/usr/bin/env node
// `npm run bench`: runs `bench` of each workspace that has one, one after the other, so that figures do not disturb each
// other. `-- --json` prints one line per figure: {"figure","value","unit","must","aim","better"}, and nothing else goes to
// standard output. `-- --only PART` measures that part alone (again for more), `-- --list` names the parts,
// `-- WORKSPACE` runs the benches of one workspace.
//
// Exit codes: 0 everything was measured; 3 all but what this machine lacks something for, which was said; 1 a bench failed,
// or there was nothing to measure. A figure that misses its bound is printed as such and changes no exit code.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const MISSING = 3;
const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
const passedOn = [
  ...(values.json ? ["--json"] : []),
  ...(values.list ? ["--list"] : []),
  ...values.only.map((part) => `--only=${part}`),
];

let lines = 0;
const codes = [];
for (const group of ["packages", "apps"]) {
  for (const name of readdirSync(`${root}${group}`).sort()) {
    const folder = `${root}${group}/${name}`;
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    if (manifest.scripts?.bench === undefined || (positionals.length > 0 && !positionals.includes(name))) continue;
    console.error(`# ${manifest.name}`);
    const code = await bench(folder);
    codes.push(code);
    if (code !== 0) console.error(`# ${manifest.name}: bench ended with ${code}`);
  }
}
if (lines === 0 && codes.every((code) => code === 0)) {
  console.error(`nothing to measure is called ${[...positionals, ...values.only].join(", ")}: npm run bench -- --list`);
  process.exit(1);
}
process.exit(
  codes.every((code) => code === 0) ? 0 : codes.every((code) => code === 0 || code === MISSING) ? MISSING : 1,
);

/** Gives its exit code, or the signal that ended it. */
function bench(folder) {
  // --silent: npm's own heading would stand between the figures.
  const child = spawn("npm", ["run", "--silent", "bench", "--", ...passedOn], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.on("data", (chunk) => {
    lines += String(chunk).split("\n").length - 1;
    process.stdout.write(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
}
