// `npm run savings -w packages/testing -- FOLDER [--seconds 20]`: the savings reports of ES-10k and of the 2016 case, each as a
// page to print, a picture and rows, written to the folder. Seconds are of CPU, for each of the two packed plans. Exit codes:
// 0 written, 2 wrong usage or nothing could be written.
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { drawWaterfall, type SavingsPageFacts, type SavingsReport, savingsPage } from "@berth/planner";
import { case2016 } from "./case-2016.ts";
import { es10kSavings } from "./es-10k-savings.ts";
import { savingsRows } from "./savings-rows.ts";

const USAGE = "usage: npm run savings -w packages/testing -- FOLDER [--seconds 20]";

async function writeReports(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: "string", default: "20" } },
  });
  const [folder, ...more] = positionals;
  const seconds = Number(values.seconds);
  if (folder === undefined || more.length > 0 || !(seconds > 0)) throw new Error(USAGE);
  // npm runs scripts in the workspace's folder; a path is meant from where npm was called.
  const path = resolve(process.env.INIT_CWD ?? ".", folder);
  mkdirSync(path, { recursive: true });
  const write = (name: string, report: SavingsReport, facts: SavingsPageFacts) => {
    writeFileSync(`${path}/${name}.html`, savingsPage(report, facts));
    writeFileSync(`${path}/${name}.svg`, drawWaterfall(report));
    writeFileSync(`${path}/${name}.csv`, savingsRows(report));
    console.log(`${name}: ${((report.saving ?? 0) * 100).toFixed(1)} % saved`);
  };
  const { results } = await es10kSavings(seconds);
  for (const { longest, report, facts } of results) write(`es-10k-${longest}`, report, facts);
  const { ways } = await case2016(seconds);
  for (const { name, report, facts } of ways) write(`2016-${name.replaceAll("_", "-")}`, report, facts);
}

try {
  await writeReports(process.argv.slice(2));
} catch (error) {
  console.error(`savings: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
