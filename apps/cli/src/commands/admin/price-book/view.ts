import type { ImportedPriceBook, PriceBook, WholePriceBook } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts, formatTable } from "../../../output/table.ts";

const nameOf = (book: PriceBook) => book.id;
const region = { header: "region", value: (book: PriceBook) => book.region };
const version = { header: "version", value: (book: PriceBook) => book.version, align: "right" } as const;
const types = { header: "types", value: (book: PriceBook) => book.machine_types, align: "right" } as const;
const id = { header: "id", value: nameOf };
const source = { header: "source", value: (book: PriceBook) => book.source, wide: true };

/** Price books as a table. */
export const PRICE_BOOKS: ListView<PriceBook> = {
  noun: "price books",
  nameOf,
  columns: [
    region,
    version,
    types,
    { header: "age", value: (book) => formatAge(book.created_at, Date.now()), align: "right" },
    id,
    source,
  ],
};

/** The same of what was just imported. */
export const IMPORTED_PRICE_BOOKS: ListView<ImportedPriceBook> = {
  noun: "price books",
  nameOf,
  columns: [
    region,
    version,
    types,
    { header: "changed offerings", value: (book) => book.changed_offerings, align: "right" },
    id,
    source,
  ],
};

/** One of them, with its prices. */
export function describePriceBook(book: WholePriceBook): string {
  const facts = formatFacts([
    ["Price book", book.id],
    ["Region", book.region],
    ["Version", String(book.version)],
    ["Age", formatAge(book.created_at, Date.now())],
    ["Source", book.source],
  ]);
  const prices = formatTable(
    [
      { header: "type", value: ([machineType]: readonly [string, WholePriceBook["prices"][string]]) => machineType },
      { header: "an hour", value: ([, price]) => formatMoney(price), align: "right" },
    ],
    Object.entries(book.prices),
  );
  return `${facts}\n${prices}`;
}
