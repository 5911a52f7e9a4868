import type {
  Guard,
  IdSource,
  OfferingClass,
  OrganizationId,
  PaymentOption,
  ReservationPlanId,
  ReservationPurchaseId,
  ReservationPurchaseState,
  Term,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** A part of an approved plan that is bought at once; what a savings plan has not is null. */
export interface ReservationPurchaseRow {
  readonly id: ReservationPurchaseId;
  readonly planId: ReservationPlanId;
  readonly state: ReservationPurchaseState;
  readonly product: string;
  readonly region: string | null;
  readonly machineType: string | null;
  readonly count: number | null;
  readonly offeringClass: OfferingClass | null;
  readonly term: Term;
  readonly paymentOption: PaymentOption;
  /** Of one of them: dearer ones are not bought. */
  readonly upfrontMicroUsd: number | null;
  readonly hourlyMicroUsd: number | null;
  readonly dueAt: Date;
  readonly askedAt: Date | null;
  readonly externalId: string | null;
  readonly waitingFor: readonly Guard[];
  readonly generation: number;
  readonly createdAt: Date;
}

/** Micro-dollars are eight-byte integers, read as floats: exact below 2^53. */
const COLUMNS = `p.id, p.plan_id as "planId", p.state, p.product, p.region, p.machine_type as "machineType", p.count,
  p.offering_class as "offeringClass", p.term, p.payment_option as "paymentOption",
  p.upfront_micro_usd::float8 as "upfrontMicroUsd", p.hourly_micro_usd::float8 as "hourlyMicroUsd", p.due_at as "dueAt",
  p.asked_at as "askedAt", p.external_id as "externalId", p.waiting_for as "waitingFor", p.generation,
  p.created_at as "createdAt"`;

export interface NewReservationPurchase
  extends Pick<
    ReservationPurchaseRow,
    | "product"
    | "region"
    | "machineType"
    | "count"
    | "offeringClass"
    | "term"
    | "paymentOption"
    | "upfrontMicroUsd"
    | "hourlyMicroUsd"
  > {
  readonly purchase: number;
  readonly part: number;
  /** Of the plan, from 0, of 730 hours each from now on. */
  readonly month: number;
}

/** What an approved plan has to be bought, in the transaction that approves it. What is no reserved instance is bought by hand. */
export async function insertReservationPurchases(
  tx: Tx,
  ids: IdSource,
  planId: ReservationPlanId,
  purchases: readonly NewReservationPurchase[],
): Promise<void> {
  for (const one of purchases) {
    const isReserved = one.region !== null;
    await tx.query(
      `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class,
              term, payment_option, upfront_micro_usd, hourly_micro_usd, due_at, next_check_at)
       select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, now() + $15 * interval '730 hours',
              case when $5 = 'planned' then now() end`,
      [
        ids.next("reservationPurchase"),
        planId,
        one.purchase,
        one.part,
        isReserved ? "planned" : "by_hand",
        one.product,
        one.region,
        one.machineType,
        one.count,
        one.offeringClass,
        one.term,
        one.paymentOption,
        one.upfrontMicroUsd,
        one.hourlyMicroUsd,
        one.month,
      ],
    );
  }
}

export function listReservationPurchases(
  sql: Sql,
  query: ListQuery & {
    readonly planId?: string | undefined;
    readonly state?: ReservationPurchaseState | undefined;
  },
): Promise<Page<ReservationPurchaseRow>> {
  const where = startWhere();
  where.add("p.plan_id = ?", query.planId);
  where.add("p.state = ?", query.state);
  return pageByAge(sql, `select ${COLUMNS} from reservation_purchase p`, "p", where, query);
}

/** A part of a plan that is bought and known as a commitment that has not ended, or that was given up. */
export interface SettledPurchase {
  /** Of the plan's purchases, from 0. */
  readonly purchase: number;
  readonly machineType: string | null;
  readonly count: number | null;
  /** Null of what was given up. */
  readonly commitmentId: string | null;
}

/** The parts of a plan that are to be bought no more. */
export function listSettledPurchases(sql: Sql, planId: string): Promise<SettledPurchase[]> {
  return sql.query<SettledPurchase>(
    `select p.purchase, p.machine_type as "machineType", p.count, c.id as "commitmentId"
       from reservation_purchase p left join commitment c on c.external_id = p.external_id and c.ends_at > now()
      where p.plan_id = $1 and (p.state = 'dropped' or c.id is not null) order by p.purchase, p.part`,
    [planId],
  );
}

export async function findReservationPurchase(sql: Sql, id: string): Promise<ReservationPurchaseRow | undefined> {
  const [row] = await sql.query<ReservationPurchaseRow>(
    `select ${COLUMNS} from reservation_purchase p where p.id = $1`,
    [id],
  );
  return row;
}

/** The same, held to the end of the transaction. */
export async function lockReservationPurchase(tx: Tx, id: string): Promise<ReservationPurchaseRow | undefined> {
  const [row] = await tx.query<ReservationPurchaseRow>(
    `select ${COLUMNS} from reservation_purchase p where p.id = $1 for update`,
    [id],
  );
  return row;
}

/**
 * Whether anything was bought, or registered as bought, since an instant, or EC2 was asked for something that is not settled: also
 * what was given up or asked for anew when EC2 may have sold it, until its lists must have shown it. What other plans still want is
 * bought by nobody before the end of the transaction.
 */
export async function isBoughtSince(tx: Tx, since: Date): Promise<boolean> {
  await tx.query("select 1 from reservation_purchase where state = 'planned' order by id for update");
  const [row] = await tx.query<{ isBought: boolean }>(
    `select exists (select 1 from commitment where created_at > $1)
         or exists (select 1 from reservation_purchase where state = 'buying' or (state = 'bought' and asked_at > $1)
                       or (state in ('planned', 'dropped') and known_ids is not null and asked_at > $1 - interval '30 minutes'))
              as "isBought"`,
    [since],
  );
  return row?.isBought === true;
}

/** Has those looked at whose month has come, as what holds them back may have changed. */
export async function wakePurchases(sql: Sql): Promise<void> {
  await sql.query(
    "update reservation_purchase set next_check_at = now(), wakes = wakes + 1 where state = 'planned' and due_at <= now()",
  );
}

/** A purchase by hand is bought: it is the commitment with AWS's id. Gives whether there is such a purchase. */
export async function recordBoughtByHand(tx: Tx, id: string, externalId: string): Promise<boolean> {
  const rows = await tx.query(
    `update reservation_purchase set state = 'bought', external_id = $2, asked_at = now(), generation = generation + 1
      where id = $1 and state = 'by_hand' returning 1`,
    [id, externalId],
  );
  return rows.length === 1;
}

/** An operator's word on a purchase that `lockReservationPurchase` gave: it is given up, or asked for anew. */
export async function changeReservationPurchase(
  tx: Tx,
  ids: IdSource,
  change: Actor & {
    readonly organizationId: OrganizationId;
    readonly id: ReservationPurchaseId;
    readonly act: "drop" | "retry";
  },
): Promise<ReservationPurchaseRow> {
  const { id, act, organizationId, actor, requestId } = change;
  const [row] = await tx.query<ReservationPurchaseRow>(
    `update reservation_purchase p
        set state = $2, waiting_for = '[]', generation = generation + 1, wakes = wakes + 1,
            next_check_at = case when $2 = 'planned' then now() end
      where p.id = $1 returning ${COLUMNS}`,
    [id, act === "drop" ? "dropped" : "planned"],
  );
  if (row === undefined) throw new Error(`${id} was locked a moment ago`);
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: `reservation_purchase.${act}`,
    targetType: "reservation_purchase",
    targetId: id,
    data: { planId: row.planId, product: row.product, machineType: row.machineType, count: row.count },
  });
  return row;
}
