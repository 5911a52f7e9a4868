import { type AuditActorType, type AuditDraft, draftPieces, type MemberId, type OrganizationId } from "@berth/domain";
import type { Sql, Statement, Tx } from "./sql.ts";

/**
 * The audit rows of a transaction are collected while it works and written as its last statement, together with the commit.
 *
 * So the end of the organization's chain is locked for one statement and not for the work, and always after every other
 * lock (quota, cluster, event): whoever holds it waits for nobody, so that it can be part of no deadlock. A transaction that
 * is rolled back leaves no row, and no gap in the numbers.
 */

/** Who sent a request, and from where: completes the audit rows of its transactions. */
export interface Origin {
  /** Undefined for a request without an API key, which says by other means whose it is. */
  readonly actor:
    | {
        readonly type: AuditActorType;
        readonly id: string;
        readonly name: string;
        /** The actor's own. In another's chain neither its name nor its address are shown. */
        readonly organizationId: OrganizationId;
        /** Whose personal key it is. */
        readonly onBehalfOf: MemberId | null;
      }
    | undefined;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export interface AuditTrail {
  readonly origin: Origin | undefined;
  readonly drafts: AuditDraft[];
  /** Of `berth_changed_rows` when the transaction began; undefined when nobody asked for it. */
  changedBefore: number | undefined;
}

export function startTrail(origin: Origin | undefined): AuditTrail {
  return { origin, drafts: [], changedBefore: undefined };
}

/** Counts from here on what a transaction changes. Its first statement. */
export async function startCounting(sql: Sql, trail: AuditTrail): Promise<void> {
  trail.changedBefore = await changedRows(sql);
}

/** How many rows a transaction with `countsChanges` has changed so far, by its triggers too. Undefined for any other. */
export async function countChangedRows(tx: Tx): Promise<number | undefined> {
  const { changedBefore } = tx.trail;
  return changedBefore === undefined ? undefined : (await changedRows(tx)) - changedBefore;
}

async function changedRows(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ count: number }>("select berth_changed_rows() as count");
  return row?.count ?? 0;
}

/** One statement for a row of each organization: the end of its chain is locked, and the row's place put into its text. */
const APPEND = `
insert into audit_event (content)
select '{' || d.one || ',"created_at":"' ||
       to_char(greatest(clock_timestamp(), h.created_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ||
       '",' || d.two || ',"number":' || (h.number + 1) || ',' || d.three ||
       ',"previous_hash":"' || h.hash || '",' || d.four || '}'
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as d(organization_id, one, two, three, four),
       lateral berth_lock_audit_head(d.organization_id) h`;

/** What writes the rows. One statement, or as many as an organization has rows; organizations always in the same order. */
export function statementsOf({ drafts }: AuditTrail): Statement[] {
  const rounds: AuditDraft[][] = [];
  for (const draft of drafts) {
    const round = rounds.find((one) => one.every((other) => other.organization_id !== draft.organization_id));
    if (round === undefined) rounds.push([draft]);
    else round.push(draft);
  }
  return rounds.map((round) => {
    const sorted = round.sort((a, b) => (a.organization_id < b.organization_id ? -1 : 1));
    const pieces = sorted.map(draftPieces);
    const column = (index: 0 | 1 | 2 | 3) => pieces.map((one) => one[index]);
    return {
      text: APPEND,
      values: [sorted.map((one) => one.organization_id), column(0), column(1), column(2), column(3)],
    };
  });
}
