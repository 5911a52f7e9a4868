import type {
  CommitmentDraft,
  CommitmentId,
  CommitmentSource,
  CommitmentState,
  IdSource,
  KnownRegion,
  NewCommitment,
  OrganizationId,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { listOnDemandPrices } from "./fleet-history.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface CommitmentRow extends NewCommitment {
  readonly id: CommitmentId;
  readonly source: CommitmentSource;
  readonly state: CommitmentState;
  readonly createdAt: Date;
}

/** Micro-dollars are eight-byte integers, read as floats: exact below 2^53. */
const COLUMNS = `c.id, c.kind, c.region, c.zone, c.machine_type as "machineType", c.family,
  c.offering_class as "offeringClass", c.term, c.payment_option as "paymentOption", c.count,
  c.upfront_micro_usd::float8 as "upfrontMicroUsd", c.hourly_micro_usd::float8 as "hourlyMicroUsd",
  c.commitment_micro_usd_per_hour::float8 as "commitmentMicroUsdPerHour", c.account, c.external_id as "externalId",
  c.source, c.starts_at as "startsAt", c.ends_at as "endsAt", c.created_at as "createdAt",
  case when now() < c.starts_at then 'queued' when now() < c.ends_at then 'active' else 'expired' end as state`;

/**
 * What is for sale, by region: the zones and types of its offerings, and the types of its price book, with their prices on
 * demand. Nothing is registered by others before the end of the transaction.
 */
export async function lockCommitments(tx: Tx): Promise<ReadonlyMap<string, KnownRegion>> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('commitment', 0))::text");
  const prices = await listOnDemandPrices(tx);
  const zones = await tx.query<{ region: string; zone: string }>("select distinct region, zone from offering");
  const regions = new Map<string, { readonly zones: Set<string>; readonly prices: Map<string, number> }>();
  for (const { region, machineType, microUsdPerHour } of prices) {
    const known = regions.get(region) ?? { zones: new Set(), prices: new Map() };
    regions.set(region, known);
    known.prices.set(machineType, microUsdPerHour);
  }
  for (const { region, zone } of zones) regions.get(region)?.zones.add(zone);
  return regions;
}

/**
 * The commitment that this one may be, after `lockCommitments`: of the same purchase by AWS's id; or of the same offer for an
 * overlapping period where one of the two has no id, so that nobody could say that they are two.
 */
export async function findSamePurchase(tx: Tx, { externalId, ...draft }: NewCommitment): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string }>(
    `select c.id from commitment c
      where c.external_id = $1
         or ((c.external_id is null or $1::text is null) and c.kind = $2 and c.term = $3 and c.payment_option = $4
             and (c.region, c.zone, c.machine_type, c.family, c.offering_class)
                 is not distinct from ($5::text, $6::text, $7::text, $8::text, $9::text)
             and coalesce(c.account = $10, true)
             and c.starts_at < $12 and $11 < c.ends_at)
      order by c.id limit 1`,
    [
      externalId,
      draft.kind,
      draft.term,
      draft.paymentOption,
      draft.region,
      draft.zone,
      draft.machineType,
      draft.family,
      draft.offeringClass,
      draft.account,
      draft.startsAt,
      draft.endsAt,
    ],
  );
  return row?.id;
}

/** Registers a purchase, after `lockCommitments`. */
export async function insertCommitment(
  tx: Tx,
  commitment: NewCommitment & { readonly id: CommitmentId; readonly source: CommitmentSource },
): Promise<CommitmentRow> {
  const [row] = await tx.query<CommitmentRow>(
    `insert into commitment as c (id, kind, region, zone, machine_type, family, offering_class, term, payment_option, count,
       upfront_micro_usd, hourly_micro_usd, commitment_micro_usd_per_hour, account, external_id, source, starts_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
     returning ${COLUMNS}`,
    [
      commitment.id,
      commitment.kind,
      commitment.region,
      commitment.zone,
      commitment.machineType,
      commitment.family,
      commitment.offeringClass,
      commitment.term,
      commitment.paymentOption,
      commitment.count,
      commitment.upfrontMicroUsd,
      commitment.hourlyMicroUsd,
      commitment.commitmentMicroUsdPerHour,
      commitment.account,
      commitment.externalId,
      commitment.source,
      commitment.startsAt,
      commitment.endsAt,
    ],
  );
  if (row === undefined) throw new Error("an insert gives its row");
  return row;
}

/** The audit row of one registration, or of a file's. */
export function auditCommitments(
  tx: Tx,
  ids: IdSource,
  by: Actor & { readonly organizationId: OrganizationId },
  action: "commitment.create" | "commitment.import" | "commitment.delete",
  commitments: readonly CommitmentRow[],
): Promise<unknown> {
  const shown = ({ id, kind, region, machineType, family, count, term, paymentOption, externalId }: CommitmentRow) => ({
    id,
    kind,
    region,
    machineType,
    family,
    count,
    term,
    paymentOption,
    externalId,
  });
  return appendAudit(tx, ids, {
    organizationId: by.organizationId,
    actor: by.actor,
    requestId: by.requestId,
    action,
    targetType: "commitment",
    targetId: commitments[0]?.id ?? "none",
    data: { commitments: commitments.map(shown) },
  });
}

export interface CommitmentQuery extends ListQuery {
  readonly kind?: CommitmentDraft["kind"] | undefined;
  readonly region?: string | undefined;
  readonly state?: CommitmentState | undefined;
  /** Those that end before. */
  readonly endsBefore?: Date | undefined;
}

const IN_STATE = {
  queued: "now() < c.starts_at",
  active: "c.starts_at <= now() and now() < c.ends_at",
  expired: "c.ends_at <= now()",
} as const satisfies Record<CommitmentState, string>;

export function listCommitments(sql: Sql, query: CommitmentQuery): Promise<Page<CommitmentRow>> {
  const where = startWhere();
  where.add("c.kind = ?", query.kind);
  where.add("c.region = ?", query.region);
  where.add("c.ends_at < ?::timestamptz", query.endsBefore);
  if (query.state !== undefined) where.add(IN_STATE[query.state]);
  return pageByAge(sql, `select ${COLUMNS} from commitment c`, "c", where, query);
}

/** Those whose term has something of the time between two instants. */
export function listCommitmentsBetween(sql: Sql, since: Date, until: Date): Promise<CommitmentRow[]> {
  return sql.query<CommitmentRow>(
    `select ${COLUMNS} from commitment c where c.starts_at < $2 and c.ends_at > $1 order by c.id`,
    [since, until],
  );
}

export async function findCommitment(sql: Sql, id: string): Promise<CommitmentRow | undefined> {
  const [row] = await sql.query<CommitmentRow>(`select ${COLUMNS} from commitment c where c.id = $1`, [id]);
  return row;
}

/** Removes one that was registered in error. Gives it as it was, or undefined when there is none. */
export async function deleteCommitment(tx: Tx, id: string): Promise<CommitmentRow | undefined> {
  const [row] = await tx.query<CommitmentRow>(`delete from commitment c where c.id = $1 returning ${COLUMNS}`, [id]);
  return row;
}

/** What ends in one month. */
export interface ExpiryRow {
  /** As 2027-11, in UTC. */
  readonly month: string;
  readonly commitments: number;
  /** Micro-dollars an hour that end: what is charged each hour, with what was paid at the start spread over the term. */
  readonly microUsdPerHour: number;
}

/** Of all commitments that have not ended, by month. */
export function listExpiries(sql: Sql): Promise<ExpiryRow[]> {
  return sql.query<ExpiryRow>(
    `select to_char(ends_at at time zone 'UTC', 'YYYY-MM') as month, count(*)::int as commitments,
            sum(coalesce(commitment_micro_usd_per_hour,
              count * (hourly_micro_usd + round(upfront_micro_usd::numeric / case term when '1y' then 8760 else 26280 end))))::float8
              as "microUsdPerHour"
       from commitment where ends_at > now() group by 1 order by 1`,
  );
}
