import type { LoopName } from "@berth/ports";
import type { Sql } from "./sql.ts";

/** Table of each loop's rows. A row is due when `next_check_at` has passed; it stays due until its loop records otherwise. */
const TABLES = {
  clusters: "cluster",
  placement: "kube",
  machines: "machine",
  rebalance: "rebalance",
  studies: "packing_study",
  reservations: "reservation_plan",
  purchases: "reservation_purchase",
  prices: "price_reading",
} as const satisfies Record<LoopName, string>;

/**
 * Ids of rows that are due, in the order of ids, from the one after `after` on.
 *
 * Not the longest due first: those that stay due whatever is done about them would always be first.
 */
export async function findDue(sql: Sql, loop: LoopName, limit: number, after = ""): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select id from ${TABLES[loop]} where next_check_at <= now() and id > $2 order by id limit $1`,
    [limit, after],
  );
  return rows.map((row) => row.id);
}

/**
 * Asks for a look at one row as soon as may be, and announces it at commit.
 *
 * `wakes` grows with it, so that a run that is under way and read the row before leaves it due when it records.
 */
export async function markDue(sql: Sql, loop: LoopName, id: string): Promise<void> {
  await sql.query(`update ${TABLES[loop]} set next_check_at = now(), wakes = wakes + 1 where id = $1`, [id]);
}

/** How many rows are due, and since when the oldest: what a worker's metrics show. */
export async function dueBacklog(sql: Sql, loop: LoopName): Promise<{ count: number; oldestMs: number }> {
  const [row] = await sql.query<{ count: number; oldestMs: number }>(
    `select count(*)::int as count,
            coalesce(extract(epoch from now() - min(next_check_at)) * 1000, 0)::float8 as "oldestMs"
       from ${TABLES[loop]} where next_check_at <= now()`,
  );
  return row ?? { count: 0, oldestMs: 0 };
}

/** Splits `clusters:cl_…` of the channel berth_due. Undefined for what no version of ours wrote. */
export function parseDue(payload: string): { readonly loop: LoopName; readonly id: string } | undefined {
  const [loop, id] = payload.split(":");
  if (loop === undefined || id === undefined || !(loop in TABLES)) return undefined;
  return { loop: loop as LoopName, id };
}
