import { type AuditQuery, type AuditRow, listAudit, type Sql } from "@berth/db";
import { csvOf } from "./csv.ts";
import { auditText } from "./wire.ts";

/** What is exported: rows of one chain up to a number, so that the same request for the same end gives the same bytes. */
type ExportedRows = Omit<AuditQuery, "order" | "beyond" | "limit"> & { readonly upTo: bigint };

/** Rows that are in memory at a time. */
const PAGE = 200;

/** How each format writes some rows; `isFirst` of those with which the file begins, which may be none. */
const FORMATS: Readonly<Record<"jsonl" | "csv", (rows: readonly AuditRow[], isFirst: boolean) => string>> = {
  jsonl: (rows) => rows.map((row) => `${auditText(row)}\n`).join(""),
  csv: csvOf,
};

/** The file in pieces. Each page is a transaction of its own: nothing is open while its reader takes the last one. */
export async function* exportAudit(db: Sql, rows: ExportedRows, format: keyof typeof FORMATS): AsyncGenerator<string> {
  let beyond: bigint | undefined;
  for (let isFirst = true, more = true; more; isFirst = false) {
    const page = await listAudit(db, { ...rows, order: "ascending", beyond, limit: PAGE });
    const text = FORMATS[format](page.rows, isFirst);
    if (text !== "") yield text;
    beyond = page.rows.at(-1)?.number;
    more = page.more;
  }
}
