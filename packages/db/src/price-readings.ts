import type { Guard, IdSource, OrganizationId, PriceBookKind, PriceReadingId } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** What a reading of AWS's prices came to for the books of one kind. */
export interface ReadPriceBook {
  readonly kind: PriceBookKind;
  /** new_version: it holds; unchanged: the last one has the same; refused: the last one holds on. */
  readonly outcome: "new_version" | "unchanged" | "refused";
  /** Of the book that holds after it; null where there is none. */
  readonly version: number | null;
  /** Prices and rates that were not taken: of types that an operator left out, or that are not sold by the hour. */
  readonly leftOut: number;
  /** Why it was refused: the first, and how many in all. */
  readonly faults: readonly string[];
  readonly faultCount: number;
}

/** AWS's prices of a region: when they were read last, and what holds the next reading back. */
export interface PriceReadingRow {
  readonly id: PriceReadingId;
  readonly region: string;
  readonly exceptTypes: readonly string[];
  readonly books: readonly ReadPriceBook[];
  readonly waitingFor: readonly Guard[];
  readonly askedAt: Date | null;
  readonly readAt: Date | null;
  readonly nextCheckAt: Date | null;
  readonly createdAt: Date;
}

const COLUMNS = columns<PriceReadingRow>("p", [
  "id",
  "region",
  "exceptTypes",
  "books",
  "waitingFor",
  "askedAt",
  "readAt",
  "nextCheckAt",
  "createdAt",
]);

/** Asks for a reading of a region as soon as may be; `exceptTypes` are left out from then on, undefined leaves them as they were. */
export async function askPriceReading(
  tx: Tx,
  ids: IdSource,
  asked: Actor & {
    readonly organizationId: OrganizationId;
    readonly region: string;
    readonly exceptTypes: readonly string[] | undefined;
  },
): Promise<PriceReadingRow> {
  const { region, exceptTypes, organizationId, actor, requestId } = asked;
  const [row] = await tx.query<PriceReadingRow>(
    `insert into price_reading as p (id, region, except_types, asked_at) values ($1, $2, coalesce($3::text[], '{}'), now())
     on conflict (region) do update set except_types = coalesce($3::text[], p.except_types), asked_at = now(),
            next_check_at = now(), wakes = p.wakes + 1
     returning ${COLUMNS}`,
    [ids.next("priceReading"), region, exceptTypes ?? null],
  );
  if (row === undefined) throw new Error("an insert gives its row");
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: "price_reading.ask",
    targetType: "price_reading",
    targetId: row.id,
    data: { region, exceptTypes: [...row.exceptTypes] },
  });
  return row;
}

/** Makes the readings due that no day has: of regions in which machines are launched. Any worker does it, as often as it likes. */
export async function ensurePriceReadings(sql: Sql, ids: IdSource): Promise<void> {
  const regions = await sql.query<{ region: string }>(
    `select distinct region from kube where not is_static
     except select region from price_reading where next_check_at is not null order by 1`,
  );
  for (const { region } of regions) {
    await sql.query(
      `insert into price_reading as p (id, region) values ($1, $2)
       on conflict (region) do update set next_check_at = coalesce(p.next_check_at, now())`,
      [ids.next("priceReading"), region],
    );
  }
}

export function listPriceReadings(
  sql: Sql,
  query: ListQuery & { readonly region?: string | undefined },
): Promise<Page<PriceReadingRow>> {
  const where = startWhere();
  where.add("p.region = ?", query.region);
  return pageByAge(sql, `select ${COLUMNS} from price_reading p`, "p", where, query);
}

export async function findPriceReading(sql: Sql, id: string): Promise<PriceReadingRow | undefined> {
  const [row] = await sql.query<PriceReadingRow>(`select ${COLUMNS} from price_reading p where p.id = $1`, [id]);
  return row;
}
