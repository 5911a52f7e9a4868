import type { IdSource, KnownPrices, OrganizationId, PriceBookId, PriceBookKind, Rate } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { listOnDemandPrices, type OnDemandPriceRow } from "./fleet-history.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** What machine types cost in a region, as it was imported. Never changed. */
export interface PriceBookRow {
  readonly id: string;
  readonly region: string;
  /** Of the region: 1, 2, 3 … The last one of its kind holds. */
  readonly version: number;
  readonly kind: PriceBookKind;
  /** Where the prices come from. */
  readonly source: string;
  readonly createdAt: Date;
  readonly machineTypes: number;
  /** Rates of it that are estimates: they are in no plan, bill or report. */
  readonly estimates: number;
}

/** The rates of a machine type. */
export type RatesOfType = readonly Omit<Rate, "machineType">[];

export interface WholePriceBook extends PriceBookRow {
  /** By machine type: micro-dollars an hour on demand, or the rates of a book of another kind. */
  readonly prices: Readonly<Record<string, number | RatesOfType>>;
}

export interface NewPriceBook {
  readonly id: PriceBookId;
  readonly region: string;
  readonly source: string;
}

const COLUMNS = `${columns<Omit<PriceBookRow, "machineTypes" | "estimates">>("b", ["id", "region", "version", "kind", "source", "createdAt"])},
  (select count(*)::int from jsonb_object_keys(b.prices)) as "machineTypes",
  (select count(*)::int from jsonb_path_query(b.prices, '$.*[*] ? (@.isEstimate == true)')) as estimates`;

/**
 * What a new book of the region is held against. No other is imported there before the end of the transaction.
 *
 * A type that is in no book yet counts with the price that its offerings have, one that the last books left out with its last. In use are the types of machines that are
 * not gone and those that a pool may launch, but for kubes whose machines an operator brings: nobody pays for those here.
 */
export async function lockPrices(tx: Tx, region: string): Promise<KnownPrices> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('price_book/' || $1::text, 0))::text", [region]);
  const [last, elsewhere, inUse] = [
    await tx.query<{ machineType: string; price: number }>(
      `select machine_type as "machineType", max(price_micro_usd_per_hour) as price from offering
        where region = $1 group by 1
       union all
       (select distinct on (key) key, value::int from price_book b, jsonb_each_text(b.prices)
         where b.region = $1 and b.kind = 'on_demand' order by key, b.version desc)`,
      [region],
    ),
    (await listOnDemandPrices(tx)).filter((price) => price.region !== region),
    await tx.query<{ machineType: string }>(
      `select m.machine_type as "machineType" from machine m join kube k on k.id = m.kube_id
        where k.region = $1 and not k.is_static and m.state not in ('terminated', 'failed')
       union
       select unnest(p.machine_types) from pool p join kube k on k.id = p.kube_id
        where k.region = $1 and not k.is_static
       order by 1`,
      [region],
    ),
  ];
  return {
    // Of a type that is in both the book comes later, and counts.
    last: new Map(last.map((one) => [one.machineType, one.price])),
    elsewhere: rangeByType(elsewhere),
    inUse: inUse.map(({ machineType }) => machineType),
  };
}

function rangeByType(prices: readonly OnDemandPriceRow[]): ReadonlyMap<string, readonly [number, number]> {
  const ranges = new Map<string, readonly [number, number]>();
  for (const { machineType, microUsdPerHour: price } of prices) {
    const [least, most] = ranges.get(machineType) ?? [price, price];
    ranges.set(machineType, [Math.min(least, price), Math.max(most, price)]);
  }
  return ranges;
}

/**
 * Stores a book, after `lockPrices`, and lets its prices hold: those of the region's offerings are its own from here on, and
 * placement looks again. Machines keep the price that they were launched at; a type that is not in the book keeps its own.
 * Gives how many offerings have another price now.
 */
export async function insertPriceBook(
  tx: Tx,
  book: NewPriceBook & { readonly prices: ReadonlyMap<string, number> },
): Promise<number> {
  const { region } = book;
  const prices = JSON.stringify(Object.fromEntries(book.prices));
  await insertBook(tx, book, "on_demand", prices);
  const changed = await tx.query(
    `update offering o set price_micro_usd_per_hour = p.value::int from jsonb_each_text($2::jsonb) p
      where o.region = $1 and o.machine_type = p.key and o.price_micro_usd_per_hour <> p.value::int
     returning o.zone`,
    [region, prices],
  );
  await tx.query("update kube set next_check_at = now(), wakes = wakes + 1 where region = $1 and not is_static", [
    region,
  ]);
  return changed.length;
}

/** Stores a book of rates, after `lockPrices`. What is planned from here on is planned by it; commitments keep their own. */
export async function insertRateBook(
  tx: Tx,
  book: NewPriceBook & { readonly kind: Exclude<PriceBookKind, "on_demand">; readonly rates: readonly Rate[] },
): Promise<void> {
  const byType: Record<string, Omit<Rate, "machineType">[]> = {};
  for (const { machineType, ...rate } of book.rates) {
    byType[machineType] ??= [];
    byType[machineType].push(rate);
  }
  await insertBook(tx, book, book.kind, JSON.stringify(byType));
}

/** The book of its kind that holds in a region. */
export async function findPriceBookInForce(
  sql: Sql,
  region: string,
  kind: PriceBookKind,
): Promise<WholePriceBook | undefined> {
  const [row] = await sql.query<WholePriceBook>(
    `select ${COLUMNS}, b.prices from price_book b where b.region = $1 and b.kind = $2 order by b.version desc limit 1`,
    [region, kind],
  );
  return row;
}

async function insertBook(tx: Tx, { id, region, source }: NewPriceBook, kind: PriceBookKind, prices: string) {
  await tx.query(
    `insert into price_book (id, region, version, kind, source, prices)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5::jsonb from price_book where region = $2`,
    [id, region, kind, source, prices],
  );
}

/** What an operator imported. */
export function auditPriceBook(
  tx: Tx,
  ids: IdSource,
  by: Actor & { readonly organizationId: OrganizationId },
  { id, region, source, kind, machineTypes }: PriceBookRow,
  changedOfferings: number,
) {
  return appendAudit(tx, ids, {
    organizationId: by.organizationId,
    actor: by.actor,
    requestId: by.requestId,
    action: "price_book.import",
    targetType: "price_book",
    targetId: id,
    data: { region, source, kind, machineTypes, changedOfferings },
  });
}

export function listPriceBooks(
  sql: Sql,
  query: ListQuery & { readonly region?: string | undefined; readonly kind?: PriceBookKind | undefined },
): Promise<Page<PriceBookRow>> {
  const where = startWhere();
  where.add("b.region = ?", query.region);
  where.add("b.kind = ?", query.kind);
  return pageByAge(sql, `select ${COLUMNS} from price_book b`, "b", where, query);
}

/** The last of each region and kind: those that hold. */
export function listPriceBooksInForce(sql: Sql): Promise<PriceBookRow[]> {
  return sql.query<PriceBookRow>(
    `select distinct on (b.region, b.kind) ${COLUMNS} from price_book b order by b.region, b.kind, b.version desc`,
  );
}

export async function findPriceBook(sql: Sql, id: string): Promise<WholePriceBook | undefined> {
  const [row] = await sql.query<WholePriceBook>(`select ${COLUMNS}, b.prices from price_book b where b.id = $1`, [id]);
  return row;
}
