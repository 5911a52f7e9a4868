import type { EventId, IdSource, OrganizationId } from "@berth/domain";
import { columns, type Page, page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface EventRow {
  /** Orders an organization's events, and resumes them: nothing with a lower number ever appears later. */
  readonly seq: bigint;
  readonly id: EventId;
  readonly organizationId: OrganizationId;
  readonly type: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly operationId: string | null;
  readonly data: unknown;
  readonly createdAt: Date;
}

const COLUMNS = columns<EventRow>("e", [
  "seq",
  "id",
  "organizationId",
  "type",
  "targetType",
  "targetId",
  "operationId",
  "data",
  "createdAt",
]);

export interface NewEvent {
  readonly organizationId: OrganizationId;
  /** As `cluster.create.started`. */
  readonly type: string;
  readonly targetType:
    | "organization"
    | "member"
    | "project"
    | "cluster"
    | "instance"
    | "credential"
    | "kube"
    | "pool"
    | "machine"
    | "commitment"
    | "price_reading";
  readonly targetId: string;
  readonly operationId?: string;
  readonly data?: object;
}

/**
 * Appends to an organization's feed, and announces it at commit.
 *
 * Last in its transaction: from here on it holds the organization's place in the order (see the migration's event_order).
 */
export async function appendEvent(tx: Tx, ids: IdSource, event: NewEvent): Promise<void> {
  await tx.query(
    `insert into event (id, organization_id, type, target_type, target_id, operation_id, data)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
    [
      ids.next("event"),
      event.organizationId,
      event.type,
      event.targetType,
      event.targetId,
      event.operationId ?? null,
      JSON.stringify(event.data ?? {}),
    ],
  );
}

/** The same event for each of the platform's organizations. */
export async function appendPlatformEvent(
  tx: Tx,
  ids: IdSource,
  event: Omit<NewEvent, "organizationId">,
): Promise<void> {
  const platforms = await tx.query<{ id: OrganizationId }>(
    "select id from organization where kind = 'platform' order by id",
  );
  for (const { id: organizationId } of platforms) await appendEvent(tx, ids, { ...event, organizationId });
}

export interface EventQuery {
  readonly organizationId: OrganizationId;
  /** Only later ones. */
  readonly afterSeq?: bigint | undefined;
  readonly type?: string | undefined;
  readonly targetId?: string | undefined;
  readonly operationId?: string | undefined;
  readonly limit: number;
}

/** Oldest first. */
export function listEvents(sql: Sql, query: EventQuery): Promise<Page<EventRow>> {
  const where = startWhere();
  where.add("e.organization_id = ?", query.organizationId);
  where.add("e.seq > ?", query.afterSeq?.toString());
  where.add("e.type = ?", query.type);
  where.add("e.target_id = ?", query.targetId);
  where.add("e.operation_id = ?", query.operationId);
  return page(sql, `select ${COLUMNS} from event e ${where.text()} order by e.seq`, where.values, query.limit);
}

/** Where an event stands in its organization's feed; undefined for one of somebody else, or none. */
export async function seqOfEvent(sql: Sql, organizationId: OrganizationId, id: string): Promise<bigint | undefined> {
  const [row] = await sql.query<{ seq: bigint }>("select seq from event where organization_id = $1 and id = $2", [
    organizationId,
    id,
  ]);
  return row?.seq;
}

/** The newest event's place, 0 before the first: where a stream begins that asks for what comes. */
export async function latestSeq(sql: Sql, organizationId: OrganizationId): Promise<bigint> {
  const [row] = await sql.query<{ seq: bigint }>(
    "select coalesce(max(seq), 0) as seq from event where organization_id = $1",
    [organizationId],
  );
  return row?.seq ?? 0n;
}

/** Splits `org_…:17` of the channel berth_event. Undefined for what no version of ours wrote. */
export function parseEventNotice(
  payload: string,
): { readonly organizationId: OrganizationId; readonly seq: bigint } | undefined {
  const [organizationId, seq] = payload.split(":");
  if (organizationId === undefined || seq === undefined || !/^\d+$/.test(seq)) return undefined;
  return { organizationId: organizationId as OrganizationId, seq: BigInt(seq) };
}
