import type {
  IdSource,
  OrganizationId,
  ReservationDecision,
  ReservationPlanId,
  ReservationPlanState,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** A price book whose prices are in a plan. */
export interface PlanPriceBook {
  readonly id: string;
  readonly kind: string;
  readonly region: string;
  readonly version: number;
  readonly source: string;
}

export interface ReservationPlanRow {
  readonly id: ReservationPlanId;
  readonly state: ReservationPlanState;
  readonly createdBy: string;
  /** Of what it was made of, in hexadecimal; null before it is made. */
  readonly caseSha256: string | null;
  readonly priceBooks: readonly PlanPriceBook[];
  /** Of what it says; null before it is made. */
  readonly purchases: number | null;
  readonly costUsd: string | null;
  readonly withoutPurchasesUsd: string | null;
  /** {code, message} */
  readonly failure: unknown;
  readonly decidedBy: string | null;
  readonly reason: string | null;
  readonly generation: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly decidedAt: Date | null;
}

/** A plan with all that it says. */
export interface WholeReservationPlan extends ReservationPlanRow {
  /** As `npm run plan` prints it; null before it is made. */
  readonly result: unknown;
}

/** What it says is long: lists show a few figures of it. */
const COLUMNS = `${columns<Omit<ReservationPlanRow, "purchases" | "costUsd" | "withoutPurchasesUsd">>("p", [
  "id",
  "state",
  "createdBy",
  "caseSha256",
  "priceBooks",
  "failure",
  "decidedBy",
  "reason",
  "generation",
  "createdAt",
  "finishedAt",
  "decidedAt",
])}, jsonb_array_length(p.result -> 'purchases') as purchases, p.result ->> 'costUsd' as "costUsd",
  p.result ->> 'withoutPurchasesUsd' as "withoutPurchasesUsd"`;

interface PlanChange extends Actor {
  /** The operator's organization, for the audit row. */
  readonly organizationId: OrganizationId;
}

/** Asks for a plan: it is due at once. */
export async function insertReservationPlan(
  tx: Tx,
  ids: IdSource,
  plan: PlanChange & { readonly id: ReservationPlanId },
): Promise<ReservationPlanRow> {
  const [row] = await tx.query<ReservationPlanRow>(
    `insert into reservation_plan as p (id, created_by) values ($1, $2) returning ${COLUMNS}`,
    [plan.id, plan.actor],
  );
  if (row === undefined) throw new Error("an insert gives its row");
  await audit(tx, ids, plan, row, "reservation_plan.create");
  return row;
}

/** Asks for the plan of this night, once, from the hour on; gives whether it did. */
export async function queueNightlyReservationPlan(sql: Sql, ids: IdSource, hour: number): Promise<boolean> {
  const rows = await sql.query(
    `insert into reservation_plan (id, created_by, nightly_on)
     select $1, 'system', (now() at time zone 'utc')::date
      where extract(hour from now() at time zone 'utc') >= $2 and exists (select 1 from machine where launched_at is not null)
     on conflict (nightly_on) do nothing returning id`,
    [ids.next("reservationPlan"), hour],
  );
  return rows.length > 0;
}

export function listReservationPlans(
  sql: Sql,
  query: ListQuery & { readonly state?: ReservationPlanState | undefined },
): Promise<Page<ReservationPlanRow>> {
  const where = startWhere();
  where.add("p.state = ?", query.state);
  return pageByAge(sql, `select ${COLUMNS} from reservation_plan p`, "p", where, query);
}

export async function findReservationPlan(sql: Sql, id: string): Promise<WholeReservationPlan | undefined> {
  const [row] = await sql.query<WholeReservationPlan>(
    `select ${COLUMNS}, p.result from reservation_plan p where p.id = $1`,
    [id],
  );
  return row;
}

/** The plan that counts: the one that waits for a decision or, where there is none, the one that was approved. */
export async function findCurrentReservationPlan(sql: Sql): Promise<WholeReservationPlan | undefined> {
  const [row] = await sql.query<WholeReservationPlan>(
    `select ${COLUMNS}, p.result from reservation_plan p where p.state in ('proposed', 'approved')
      order by p.state desc, p.finished_at desc, p.id desc limit 1`,
  );
  return row;
}

/** What it was made of, byte for byte. */
export async function readReservationCase(sql: Sql, id: string): Promise<string | undefined> {
  const [row] = await sql.query<{ text: string | null }>(
    `select case_text as text from reservation_plan where id = $1`,
    [id],
  );
  return row?.text ?? undefined;
}

/** The same, held to the end of the transaction. */
export async function lockReservationPlan(tx: Tx, id: string): Promise<ReservationPlanRow | undefined> {
  const [row] = await tx.query<ReservationPlanRow>(
    `select ${COLUMNS} from reservation_plan p where p.id = $1 for update`,
    [id],
  );
  return row;
}

/** Decides a proposed plan, and supersedes what was approved before, of one that `lockReservationPlan` gave. */
export async function decideReservationPlan(
  tx: Tx,
  ids: IdSource,
  change: PlanChange & {
    readonly id: ReservationPlanId;
    readonly decision: ReservationDecision;
    /** Of a rejection. */
    readonly reason: string | null;
  },
): Promise<ReservationPlanRow> {
  const { id, decision, reason, actor } = change;
  // One plan is in force: a newer one was made without what the older would buy.
  if (decision === "approve") {
    await tx.query(
      "update reservation_plan set state = 'superseded', generation = generation + 1 where state = 'approved' and id <> $1",
      [id],
    );
    // What it would have bought is in the newer plan, as far as it is still wanted. What EC2 was asked for is looked for on.
    await tx.query(
      `update reservation_purchase set state = 'dropped', waiting_for = '[]', generation = generation + 1, next_check_at = null
        where state in ('planned', 'by_hand') and plan_id <> $1`,
      [id],
    );
  }
  const [row] = await tx.query<ReservationPlanRow>(
    `update reservation_plan p set state = $2, reason = $3, decided_by = $4, decided_at = now(), generation = generation + 1
      where p.id = $1 returning ${COLUMNS}`,
    [id, decision === "approve" ? "approved" : "rejected", reason, actor],
  );
  if (row === undefined) throw new Error(`${id} was locked a moment ago`);
  await audit(tx, ids, change, row, `reservation_plan.${decision}`);
  return row;
}

function audit(tx: Tx, ids: IdSource, by: PlanChange, row: ReservationPlanRow, action: string): Promise<unknown> {
  return appendAudit(tx, ids, {
    organizationId: by.organizationId,
    actor: by.actor,
    requestId: by.requestId,
    action,
    targetType: "reservation_plan",
    targetId: row.id,
    data: { state: row.state, caseSha256: row.caseSha256, reason: row.reason },
  });
}

/** Removes plans that nobody approved, or that were superseded since, 90 days after they were made. Gives how many. */
export async function forgetOldReservationPlans(sql: Sql, limit: number): Promise<number> {
  const rows = await sql.query(
    `delete from reservation_plan where id in (
       select id from reservation_plan where state <> 'approved' and finished_at < now() - interval '90 days' order by id limit $1)
     returning id`,
    [limit],
  );
  return rows.length;
}
