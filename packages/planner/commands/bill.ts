// `npm run bill -w packages/planner -- CASE.json`: the exact bill of a case, line by line, as JSON on standard output.
// The format is in docs/planner.md. Exit codes: 0 billed, 2 wrong usage or a case that cannot be read; each of its faults is a
// line on standard error then, with the field and the rule, and nothing goes to standard output.
import { type BillCase, BillTooLarge, makeBill, readBillCase, showBill } from "../src/index.ts";
import { parseJson, readInputFile } from "./input-file.ts";

const USAGE = "usage: npm run bill -w packages/planner -- CASE.json";
const LINES_AT_ONCE = 1_000;

function bill([path, ...more]: readonly string[]): number {
  if (path === undefined) throw new Error(`missing: CASE.json\n${USAGE}`);
  if (more.length > 0) throw new Error(`not expected: ${more.join(" ")}\n${USAGE}`);
  const read = readBillCase(parseJson(path, readInputFile(path)));
  if (!read.ok) throw new Error(read.error.map(({ field, rule }) => `${path}: ${field} ${rule}`).join("\nbill: "));
  print(shownBill(path, read.value));
  return 0;
}

function shownBill(path: string, billCase: BillCase): ReturnType<typeof showBill> {
  try {
    return showBill(makeBill(billCase));
  } catch (error) {
    if (error instanceof BillTooLarge) throw new Error(`${path}: ${error.message}`);
    throw error;
  }
}

/** One object of JSON, each entry of a list on a line of its own; never the whole as one text, which has a greatest length. */
function print(bill: Readonly<Record<string, unknown>>): void {
  const entries = Object.entries(bill);
  for (const [index, [name, value]] of entries.entries()) {
    const end = index === entries.length - 1 ? "\n}\n" : ",\n";
    process.stdout.write(`${index === 0 ? "{\n" : ""}${JSON.stringify(name)}: `);
    if (!Array.isArray(value) || value.length === 0) {
      process.stdout.write(`${JSON.stringify(value)}${end}`);
      continue;
    }
    for (let from = 0; from < value.length; from += LINES_AT_ONCE) {
      const lines = value.slice(from, from + LINES_AT_ONCE).map((line) => JSON.stringify(line));
      process.stdout.write(`${from === 0 ? "[\n" : ",\n"}${lines.join(",\n")}`);
    }
    process.stdout.write(`\n]${end}`);
  }
}

// Whoever reads may have read enough, as head does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
try {
  process.exitCode = bill(process.argv.slice(2));
} catch (error) {
  console.error(`bill: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
