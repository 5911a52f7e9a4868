import type { AuditEvent } from "@berth/contract";
import type { ListView } from "../../output/print.ts";
import { type Column, formatFacts } from "../../output/table.ts";

const COLUMNS: readonly Column<AuditEvent>[] = [
  { header: "time", value: (row) => row.created_at },
  { header: "action", value: (row) => row.action },
  { header: "actor", value: (row) => row.actor.name ?? row.actor.id },
  { header: "target", value: (row) => row.target.id },
  { header: "from", value: (row) => row.ip ?? undefined },
  { header: "number", value: (row) => row.number, align: "right", wide: true },
  { header: "actor id", value: (row) => row.actor.id, wide: true },
  { header: "for", value: (row) => row.on_behalf_of ?? undefined, wide: true },
  { header: "outcome", value: (row) => row.outcome, wide: true },
  { header: "request", value: (row) => row.request_id, wide: true },
  { header: "id", value: (row) => row.id, wide: true },
];

/** Rows of one's own audit log as a table. */
export const AUDIT: ListView<AuditEvent> = { noun: "audit rows", nameOf: (row) => row.id, columns: COLUMNS };

/** Rows of many organizations'. */
export const AUDIT_OF_ALL: ListView<AuditEvent> = {
  ...AUDIT,
  columns: [
    ...COLUMNS.slice(0, 1),
    { header: "organization", value: (row) => row.organization_id },
    ...COLUMNS.slice(1),
  ],
};

/** One row for people, with what it changed as JSON. */
export function describeAuditEvent(row: AuditEvent): string {
  const { actor, target, changes } = row;
  return formatFacts([
    ["Id", row.id],
    ["Number", row.number],
    ["Time", row.created_at],
    ["Action", `${row.action} (${row.outcome})`],
    ["Target", `${target.type} ${target.id}`],
    ["Actor", `${actor.type} ${actor.id}${actor.name === null ? "" : ` (${actor.name})`}`],
    ["On behalf of", row.on_behalf_of ?? undefined],
    ["From", row.ip ?? undefined],
    ["User agent", row.user_agent ?? undefined],
    ["Request", row.request_id],
    ["Before", changes.before === null ? undefined : JSON.stringify(changes.before)],
    ["After", changes.after === null ? undefined : JSON.stringify(changes.after)],
    ["Previous hash", row.previous_hash],
    ["Hash", row.hash],
  ]);
}
