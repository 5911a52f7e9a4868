import type { AuditRow } from "@berth/db";
import { type AuditRecord, canonicalJson } from "@berth/domain";
import { stringify } from "csv-stringify/sync";

type Stored = Omit<AuditRecord, "hash">;

/** Columns by their header, for ever in this order: one may be added at the end. */
const COLUMNS: Readonly<Record<string, (record: Stored, row: AuditRow) => string | number | null>> = {
  number: ({ number }) => number,
  id: ({ id }) => id,
  organization_id: ({ organization_id }) => organization_id,
  created_at: ({ created_at }) => created_at,
  actor_type: ({ actor }) => actor.type,
  actor_id: ({ actor }) => actor.id,
  actor_name: ({ actor }) => actor.name,
  on_behalf_of: ({ on_behalf_of }) => on_behalf_of,
  action: ({ action }) => action,
  target_type: ({ target }) => target.type,
  target_id: ({ target }) => target.id,
  outcome: ({ outcome }) => outcome,
  request_id: ({ request_id }) => request_id,
  ip: ({ ip }) => ip,
  user_agent: ({ user_agent }) => user_agent,
  before: ({ changes }) => (changes.before === null ? null : canonicalJson(changes.before)),
  after: ({ changes }) => (changes.after === null ? null : canonicalJson(changes.after)),
  previous_hash: ({ previous_hash }) => previous_hash,
  hash: (_, { hash }) => hash,
};

/**
 * Rows as CSV (RFC 4180), under a header when they are the first of a file.
 *
 * Names, user agents and labels are what others chose: what a spreadsheet would take for a formula has an apostrophe before
 * it (OWASP, CSV injection).
 */
export function csvOf(rows: readonly AuditRow[], isFirst: boolean): string {
  const lines = rows.map((row) => {
    const record = JSON.parse(row.content) as Stored;
    return Object.values(COLUMNS).map((cell) => cell(record, row));
  });
  return stringify(lines, {
    columns: Object.keys(COLUMNS),
    header: isFirst,
    record_delimiter: "windows",
    escape_formulas: true,
  });
}
