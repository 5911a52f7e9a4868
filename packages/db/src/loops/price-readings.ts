import {
  type Guard,
  type IdSource,
  type KnownPrices,
  microUsdFromAmount,
  type PriceBookKind,
  type PriceFault,
  type PriceReadingId,
  type Rate,
  type RateFault,
  readPriceList,
  readRateList,
} from "@berth/domain";
import type { Pool } from "pg";
import { appendPlatformEvent } from "../events.ts";
import {
  findPriceBookInForce,
  insertPriceBook,
  insertRateBook,
  lockPrices,
  type RatesOfType,
  type WholePriceBook,
} from "../price-books.ts";
import { findPriceReading, type PriceReadingRow, type ReadPriceBook } from "../price-readings.ts";
import type { Sql, Tx } from "../sql.ts";
import { fenced } from "./fenced.ts";
import type { HeldLease } from "./types.ts";

/** A line of a price list as an import has it: the machine type, and what follows it. */
export interface CloudPriceLine {
  readonly machineType: string;
  readonly rest: string;
}

/** What the cloud says of one kind of prices in a region. */
export interface CloudPrices {
  readonly kind: PriceBookKind;
  /** Where they come from, and of when they are. */
  readonly source: string;
  readonly lines: readonly CloudPriceLine[];
  /** Offers that are in no words of ours. */
  readonly leftOut: number;
}

export interface PriceReadingRecord extends PriceReadingRow {
  readonly failures: number;
  readonly wakes: number;
}

/** What becomes of the row after a look. */
export interface PriceReadingLook {
  readonly waitingFor: readonly Guard[];
  /** Undefined: only when it is asked for. */
  readonly nextCheckInMs: number | undefined;
  readonly failures: number;
  readonly wakes: number;
  /** Whether the platform's organizations are told of what holds it back. */
  readonly isAlarm: boolean;
}

export interface PriceReadingStore {
  find(id: PriceReadingId): Promise<PriceReadingRecord | undefined>;
  /** Makes books of what changed, each by the rules of an import; `look` says what then holds the next reading back. */
  recordRead(
    lease: HeldLease,
    reading: PriceReadingRecord,
    prices: readonly CloudPrices[],
    look: (books: readonly ReadPriceBook[]) => PriceReadingLook,
  ): Promise<void>;
  recordLook(lease: HeldLease, id: PriceReadingId, look: PriceReadingLook): Promise<void>;
}

/** A list of another unit altogether has a fault on each line: the first say so. */
const FAULTS_KEPT = 5;

/** The prices loop's reads and writes. */
export function priceReadingStore(pool: Pool, ids: IdSource): PriceReadingStore {
  const sql: Sql = { query: async (text, values) => (await pool.query(text, [...(values ?? [])])).rows };
  return {
    find: async (id) => {
      const row = await findPriceReading(sql, id);
      if (row === undefined) return undefined;
      const [more] = await sql.query<Pick<PriceReadingRecord, "failures" | "wakes">>(
        "select failures, wakes from price_reading where id = $1",
        [id],
      );
      return more === undefined ? undefined : { ...row, ...more };
    },

    recordRead: (lease, { id, region, exceptTypes, wakes }, prices, look) =>
      fenced(pool, lease, async (_client, tx) => {
        const books: ReadPriceBook[] = [];
        // In order: rates are held against the prices on demand that hold by then.
        for (const one of prices) books.push(await takePrices(tx, ids, region, new Set(exceptTypes), one));
        // Where somebody has asked meanwhile, that is still to be read.
        await tx.query(
          "update price_reading set books = $2::jsonb, read_at = case when wakes > $3 then read_at else now() end where id = $1",
          [id, JSON.stringify(books), wakes],
        );
        await writeLook(tx, ids, id, look(books));
      }),

    recordLook: (lease, id, look) => fenced(pool, lease, (_client, tx) => writeLook(tx, ids, id, look)),
  };
}

async function writeLook(tx: Tx, ids: IdSource, id: PriceReadingId, look: PriceReadingLook): Promise<void> {
  await tx.query(
    `update price_reading set waiting_for = $2::jsonb, failures = $4,
            next_check_at = case when wakes > $5 then now() when $3::float8 is null then null
                                 else now() + $3::float8 * interval '1 millisecond' end
      where id = $1`,
    [id, JSON.stringify(look.waitingFor), look.nextCheckInMs ?? null, look.failures, look.wakes],
  );
  if (!look.isAlarm) return;
  await appendPlatformEvent(tx, ids, {
    type: "price_reading.held",
    targetType: "price_reading",
    targetId: id,
    data: { waitingFor: look.waitingFor.map(({ name, subject, hint }) => ({ name, subject, hint })) },
  });
}

async function takePrices(
  tx: Tx,
  ids: IdSource,
  region: string,
  except: ReadonlySet<string>,
  { kind, source, lines, leftOut }: CloudPrices,
): Promise<ReadPriceBook> {
  const known = await lockPrices(tx, region);
  const taken = lines.filter((line) => !except.has(line.machineType) && isForSale(line, kind, known));
  const last = await findPriceBookInForce(tx, region, kind);
  const text = taken.map(({ machineType, rest }) => `${machineType} ${rest}`).join("\n");
  const of = { kind, version: last?.version ?? null, leftOut: leftOut + lines.length - taken.length };
  const refused = (faults: readonly (PriceFault | RateFault)[]): ReadPriceBook => ({
    ...of,
    outcome: "refused",
    faults: faults.slice(0, FAULTS_KEPT).map(({ machineType, rule, detail }) => `${machineType}: ${detail} (${rule})`),
    faultCount: faults.length,
  });
  const book = { id: ids.next("priceBook"), region, source };
  if (kind === "on_demand") {
    const prices = readPriceList(text, { ...known, inUse: known.inUse.filter((type) => !except.has(type)) });
    if (!prices.ok) return refused(prices.error);
    if (isSame(last, prices.value)) return { ...of, outcome: "unchanged", faults: [], faultCount: 0 };
    await insertPriceBook(tx, { ...book, prices: prices.value });
  } else {
    const rates = readRateList(text, kind, known.last);
    if (!rates.ok) return refused(rates.error);
    const missing = ratesMissing(
      last,
      rates.value,
      known.inUse.filter((type) => !except.has(type)),
    );
    if (missing.length > 0) return refused(missing);
    if (isSame(last, rates.value)) return { ...of, outcome: "unchanged", faults: [], faultCount: 0 };
    await insertRateBook(tx, { ...book, kind, rates: rates.value });
  }
  const stored = await findPriceBookInForce(tx, region, kind);
  return { ...of, outcome: "new_version", version: stored?.version ?? null, faults: [], faultCount: 0 };
}

/**
 * AWS lists types at $0 that are not sold by the hour, and rates of types that it lists no price of. Of a type that had a price
 * or is in use, nothing is no price: the reader refuses it.
 */
function isForSale({ machineType, rest }: CloudPriceLine, kind: PriceBookKind, { last, inUse }: KnownPrices): boolean {
  if (kind !== "on_demand") return last.has(machineType);
  return microUsdFromAmount(rest) !== 0 || last.has(machineType) || inUse.includes(machineType);
}

/** As of prices: a list that has lost a type in use is not the whole list, and what is committed to it would count as unused. */
function ratesMissing(
  last: WholePriceBook | undefined,
  rates: readonly Rate[],
  inUse: readonly string[],
): readonly PriceFault[] {
  const named = new Set(rates.map(({ machineType }) => machineType));
  return inUse
    .filter((machineType) => {
      const before = last?.prices[machineType];
      return !named.has(machineType) && typeof before === "object" && before.some(({ isEstimate }) => !isEstimate);
    })
    .map((machineType) => ({
      machineType,
      rule: "price_missing",
      detail: "A type that is in use, of which the last book has rates and the list none.",
    }));
}

function isSame(last: WholePriceBook | undefined, now: ReadonlyMap<string, number> | readonly Rate[]): boolean {
  if (last === undefined) return false;
  const entries = Array.isArray(now)
    ? (now as readonly Rate[]).map(({ machineType, ...rate }) => keyOf(machineType, rate))
    : [...(now as ReadonlyMap<string, number>)].map(([machineType, price]) => keyOf(machineType, price));
  const before = Object.entries(last.prices).flatMap(([machineType, price]: [string, number | RatesOfType]) =>
    typeof price === "number" ? [keyOf(machineType, price)] : price.map((rate) => keyOf(machineType, rate)),
  );
  const set = new Set(before);
  return entries.length === before.length && entries.every((entry) => set.has(entry));
}

function keyOf(machineType: string, value: number | RatesOfType[number]): string {
  return typeof value === "number"
    ? `${machineType} ${value}`
    : `${machineType} ${JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}
