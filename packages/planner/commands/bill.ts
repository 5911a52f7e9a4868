// `npm run bill -w packages/planner -- CASE.json`: the exact bill of a case, line by line, as JSON on standard output.
// The format is in docs/planner.md. Exit codes: 0 billed, 2 wrong usage or a case that cannot be read; each of its faults is a
// line on standard error then, with the field and the rule, and nothing goes to standard output.
import { makeBill, readBillCase, showBill } from "../src/index.ts";
import { parseJson, readInputFile } from "./input-file.ts";

const USAGE = "usage: npm run bill -w packages/planner -- CASE.json";

function bill([path, ...more]: readonly string[]): number {
  if (path === undefined) throw new Error(`missing: CASE.json\n${USAGE}`);
  if (more.length > 0) throw new Error(`not expected: ${more.join(" ")}\n${USAGE}`);
  const read = readBillCase(parseJson(path, readInputFile(path)));
  if (!read.ok) throw new Error(read.error.map(({ field, rule }) => `${path}: ${field} ${rule}`).join("\nbill: "));
  console.log(JSON.stringify(showBill(makeBill(read.value)), undefined, 1));
  return 0;
}

try {
  process.exitCode = bill(process.argv.slice(2));
} catch (error) {
  console.error(`bill: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
