// `npm run vbp -w packages/packing -- [--seconds 6] [--seed 1] FILE…`: vector bin packing instances, a line each: file name,
// bins, lower bound, seconds; tab-separated. Exit codes: 0 all packed, 2 wrong usage or a file that cannot be read.
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { openInThreadSolver } from "@berth/solver";
import { readVbp, VbpPacking } from "../src/index.ts";
import { readInputFile } from "./input-file.ts";

const USAGE = "usage: npm run vbp -w packages/packing -- [--seconds 6] [--seed 1] FILE…";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string", default: "6" }, seed: { type: "string", default: "1" } },
  });
  const seconds = Number(values.seconds);
  const seed = Number(values.seed);
  if (!(seconds >= 0)) throw new Error(`--seconds must be a number from 0, not ${values.seconds}`);
  if (!Number.isInteger(seed)) throw new Error(`--seed must be a whole number, not ${values.seed}`);
  if (positionals.length === 0) throw new Error("missing: FILE");
  const solver = await openInThreadSolver();
  for (const file of positionals) {
    const startedAt = performance.now();
    const read = readVbp(readInputFile(file));
    if (!read.ok) throw new Error(`${file}: line ${read.error.line} ${read.error.rule}`);
    const packing = await VbpPacking.open(read.value, seed, solver);
    while (packing.bins > packing.lowerBound && performance.now() - startedAt < seconds * 1_000) await packing.step();
    await packing.close();
    const took = ((performance.now() - startedAt) / 1_000).toFixed(3);
    console.log([basename(file), packing.bins, packing.lowerBound, took].join("\t"));
  }
  await solver.close();
}

try {
  await main();
} catch (error) {
  console.error(`vbp: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
