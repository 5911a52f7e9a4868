import { COMMITMENT_COLUMNS, createCommitmentBody, type Fault } from "@berth/contract";
import { err, ok, type Result } from "@berth/domain";
import { CsvError, parse } from "csv-parse/sync";
import { type Refusal, refuse } from "../http/refusal.ts";
import type { Given } from "./register-commitments.ts";

const MONEY = new Set(["upfront", "per_hour", "commitment_per_hour"]);
/** More than anybody has bought one by one. */
const MOST_LINES = 1_000;
/** Of a line: a longer one is no commitment, and would keep the reader busy. */
const LONGEST_LINE = 2_000;

/** The commitments of a file, as the API takes one by one; or every fault, by line and column. */
export function readCommitmentFile(csv: string): Result<readonly Given[], Refusal> {
  let lines: { readonly record: Readonly<Record<string, string>>; readonly info: { readonly lines: number } }[];
  try {
    lines = parse(csv, {
      bom: true,
      columns: readHeading,
      info: true,
      max_record_size: LONGEST_LINE,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return refuseFile("malformed_csv", error.message);
  }
  if (lines.length === 0) return refuseFile("no_commitments", "There is no line below the heading.");
  if (lines.length > MOST_LINES) return refuseFile("too_many_lines", `At most ${MOST_LINES} commitments at once.`);
  const given: Given[] = [];
  const faults: Fault[] = [];
  for (const { record, info } of lines) {
    const at: Given["at"] = (field, detail) => ({ pointer: "/csv", detail: `Line ${info.lines}, ${field}: ${detail}` });
    const body = createCommitmentBody.safeParse(bodyOf(record));
    if (body.success) given.push({ body: body.data, at });
    else {
      for (const { path, message } of body.error.issues)
        faults.push({
          code: "invalid",
          ...at((path[0] ?? "kind") as keyof typeof createCommitmentBody.shape, message),
        });
    }
  }
  const [first] = faults;
  return first === undefined ? ok(given) : refuse("validation_failed", first.detail, { errors: faults.slice(0, 100) });
}

function readHeading(names: string[]): string[] {
  const unknown = names.filter((name) => !(COMMITMENT_COLUMNS as readonly string[]).includes(name));
  const first = unknown[0] ?? names.find((name, index) => names.indexOf(name) !== index);
  if (first !== undefined) {
    throw new CsvError("CSV_INVALID_COLUMN_MAPPING", [
      `The heading has ${JSON.stringify(first.slice(0, 63))}, which is no column or is there twice. Columns: ${COMMITMENT_COLUMNS.join(", ")}.`,
    ]);
  }
  return names;
}

/** What the line says, in the types of a request; a text that is none is left to be refused by its field. */
function bodyOf(record: Readonly<Record<string, string>>): Record<string, unknown> {
  const said = Object.entries(record).filter(([, text]) => text !== "");
  return Object.fromEntries(
    said.map(([name, text]) => {
      if (MONEY.has(name)) return [name, { amount: text, currency: "USD" }];
      if (name === "count") return [name, /^\d{1,9}$/.test(text) ? Number(text) : text];
      return [name, text];
    }),
  );
}

function refuseFile(code: string, detail: string): Result<never, Refusal> {
  return err({ code: "validation_failed", detail, errors: [{ pointer: "/csv", code, detail }] });
}
