import { type Page, page, type Sql, type Where } from "./sql.ts";

export type ListOrder = "ascending" | "descending";

/** A row's place in a list by age. */
export interface PlaceInList {
  readonly createdAt: Date;
  readonly id: string;
}

/** What every list can be asked for beside its own filters. */
export interface ListQuery {
  readonly order: ListOrder;
  /** Not before. */
  readonly createdAfter?: Date | undefined;
  /** Before. */
  readonly createdBefore?: Date | undefined;
  /** Only rows beyond this place, in that order; the row itself may be gone. */
  readonly beyond?: PlaceInList | undefined;
  readonly limit: number;
}

/**
 * One page of a list by when its rows were made, and by id where that is the same millisecond.
 *
 * By the time that a row shows, though ids sort by age too: an id's time is by the clock of the process that made it, the
 * row's by the database's, and a filter must not contradict what it answers with. For each list an index ends with
 * (created_at, id), so that filter, place and order are one range of it.
 */
export function pageByAge<Row extends object>(
  sql: Sql,
  /** Up to its `from`, where the list's table is called `alias`. */
  select: string,
  alias: string,
  where: Where,
  query: ListQuery,
): Promise<Page<Row>> {
  const { createdAfter, createdBefore, beyond } = query;
  const [beyondSign, direction] = query.order === "ascending" ? [">", "asc"] : ["<", "desc"];
  where.add(`${alias}.created_at >= ?::timestamptz`, createdAfter);
  where.add(`${alias}.created_at < ?::timestamptz`, createdBefore);
  where.add(`(${alias}.created_at, ${alias}.id) ${beyondSign} (?::timestamptz, ?)`, beyond?.createdAt, beyond?.id);
  const order = `order by ${alias}.created_at ${direction}, ${alias}.id ${direction}`;
  return page(sql, `${select} ${where.text()} ${order}`, where.values, query.limit);
}
