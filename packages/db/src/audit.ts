import {
  type AuditActorType,
  type AuditOutcome,
  changesOf,
  type IdSource,
  LONGEST_USER_AGENT,
  type OrganizationId,
  redactText,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import type { Origin } from "./audit-trail.ts";
import type { ListOrder } from "./page-by-age.ts";
import { columns, type Page, page, type Sql, startWhere, type Tx, type Where } from "./sql.ts";

export interface NewAuditEvent extends Actor {
  /** Whose chain: the organization that owns the target. */
  readonly organizationId: OrganizationId;
  /** As `cluster.create`. */
  readonly action: string;
  readonly targetType: string;
  readonly targetId: string;
  /** `{ before, after }` of an update, of which what differs is kept; else the facts. Secrets are taken out. */
  readonly data?: object;
  /** `accepted` when an operation carries it out from here. */
  readonly outcome?: AuditOutcome;
}

/**
 * Writes down a change, in its transaction: as its last statement, with the commit. Who it was and from where is completed
 * from the transaction's origin. Nobody can change or remove the row.
 */
export async function appendAudit(tx: Tx, ids: IdSource, event: NewAuditEvent): Promise<void> {
  const { origin } = tx.trail;
  const actor = origin?.actor?.id === event.actor ? origin.actor : undefined;
  // What is done for somebody else, as by the system, does not come from the caller's address.
  const isAsked = origin !== undefined && (actor !== undefined || origin.actor === undefined);
  const isShown = isAsked && (actor === undefined || actor.organizationId === event.organizationId);
  tx.trail.drafts.push({
    id: ids.next("auditEvent"),
    organization_id: event.organizationId,
    actor: {
      type: actor?.type ?? actorType(event.actor),
      id: event.actor,
      name: isShown && actor !== undefined ? redactText(actor.name) : null,
    },
    on_behalf_of: actor?.onBehalfOf ?? null,
    action: event.action,
    target: { type: event.targetType, id: event.targetId },
    request_id: event.requestId,
    ip: isShown ? origin.ip : null,
    user_agent: isShown ? userAgentOf(origin) : null,
    outcome: event.outcome ?? "succeeded",
    changes: changesOf(event.data),
  });
}

const ACTOR_TYPES: Readonly<Record<string, AuditActorType>> = { key: "api_key", mem: "member", inv: "invitation" };

/** Of somebody who did not come with an API key of this request. */
function actorType(id: string): AuditActorType {
  return ACTOR_TYPES[id.slice(0, id.indexOf("_"))] ?? "system";
}

function userAgentOf({ userAgent }: Origin): string | null {
  return userAgent === null ? null : redactText(userAgent.slice(0, LONGEST_USER_AGENT));
}

/** A row as it is read: what was hashed, unchanged, and its hash. */
export interface AuditRow {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly number: bigint;
  /** Canonical JSON of the row without its hash. */
  readonly content: string;
  readonly hash: string;
}

const COLUMNS = columns<AuditRow>("a", ["id", "organizationId", "number", "content", "hash"]);

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly targetType?: string | undefined;
  readonly targetId?: string | undefined;
  /** Not before. */
  readonly createdAfter?: Date | undefined;
  /** Before. */
  readonly createdBefore?: Date | undefined;
}

export interface AuditQuery extends AuditFilter {
  readonly organizationId: OrganizationId;
  readonly order: ListOrder;
  /** Only rows beyond this one, in that order. */
  readonly beyond?: bigint | undefined;
  /** No row after this one. */
  readonly upTo?: bigint | undefined;
  readonly limit: number;
}

/** Rows of one chain. Times are looked up as numbers first: within a chain, both grow together. */
export function listAudit(sql: Sql, query: AuditQuery): Promise<Page<AuditRow>> {
  const isAscending = query.order === "ascending";
  const where = startWhere();
  where.add("a.organization_id = ?", query.organizationId);
  addFilter(where, query);
  where.add(`a.number > ${lastBefore("?")}`, query.createdAfter);
  where.add(`a.number <= ${lastBefore("?")}`, query.createdBefore);
  where.add(isAscending ? "a.number > ?" : "a.number < ?", query.beyond?.toString());
  where.add("a.number <= ?", query.upTo?.toString());
  const order = isAscending ? "asc" : "desc";
  return page(
    sql,
    `select ${COLUMNS} from audit_event a ${where.text()} order by a.number ${order}`,
    where.values,
    query.limit,
  );
}

/** Number of the last row before an instant, 0 when there is none. The chain's organization is the first value. */
function lastBefore(instant: string): string {
  return `coalesce((select b.number from audit_event b where b.organization_id = $1 and b.created_at < ${instant}::timestamptz
    order by b.created_at desc, b.number desc limit 1), 0)`;
}

/** Rows of all chains, by id: by when they were made, to the millisecond. For the platform's own people. */
export function listAuditOfAll(
  sql: Sql,
  query: AuditFilter & {
    readonly order: ListOrder;
    /** Only rows beyond this id, in that order. */
    readonly beyond?: string | undefined;
    readonly limit: number;
  },
): Promise<Page<AuditRow>> {
  const isAscending = query.order === "ascending";
  const where = startWhere();
  addFilter(where, query);
  where.add("a.created_at >= ?::timestamptz", query.createdAfter);
  where.add("a.created_at < ?::timestamptz", query.createdBefore);
  where.add(isAscending ? "a.id > ?" : "a.id < ?", query.beyond);
  const order = isAscending ? "asc" : "desc";
  return page(
    sql,
    `select ${COLUMNS} from audit_event a ${where.text()} order by a.id ${order}`,
    where.values,
    query.limit,
  );
}

function addFilter(where: Where, filter: AuditFilter): void {
  where.add("a.actor_id = ?", filter.actorId);
  where.add("a.action = ?", filter.action);
  where.add("a.target_type = ?", filter.targetType);
  where.add("a.target_id = ?", filter.targetId);
}

export async function findAudit(sql: Sql, organizationId: OrganizationId, id: string): Promise<AuditRow | undefined> {
  const [row] = await sql.query<AuditRow>(
    `select ${COLUMNS} from audit_event a where a.organization_id = $1 and a.id = $2`,
    [organizationId, id],
  );
  return row;
}

/** Where an organization's chain ends now. */
export async function findAuditHead(
  sql: Sql,
  organizationId: OrganizationId,
): Promise<{ readonly number: bigint; readonly hash: string }> {
  const [head] = await sql.query<{ number: bigint; hash: string }>(
    "select number, hash from audit_head where organization_id = $1",
    [organizationId],
  );
  if (head === undefined) throw new Error(`${organizationId} has no audit chain`);
  return head;
}
