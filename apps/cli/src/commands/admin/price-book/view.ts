import type { ImportedPriceBook, PriceBook, WholePriceBook } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts, formatTable } from "../../../output/table.ts";

const nameOf = (book: PriceBook) => book.id;
const region = { header: "region", value: (book: PriceBook) => book.region };
const version = { header: "version", value: (book: PriceBook) => book.version, align: "right" } as const;
const kind = { header: "kind", value: (book: PriceBook) => book.kind };
const types = { header: "types", value: (book: PriceBook) => book.machine_types, align: "right" } as const;
const estimates = {
  header: "estimates",
  value: (book: PriceBook) => book.estimates,
  align: "right",
  wide: true,
} as const;
const id = { header: "id", value: nameOf };
const source = { header: "source", value: (book: PriceBook) => book.source, wide: true };

/** Price books as a table. */
export const PRICE_BOOKS: ListView<PriceBook> = {
  noun: "price books",
  nameOf,
  columns: [
    region,
    version,
    kind,
    types,
    estimates,
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
    kind,
    types,
    estimates,
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
    ["Kind", book.kind],
    ["Age", formatAge(book.created_at, Date.now())],
    ["Source", book.source],
    ...(book.estimates === 0
      ? []
      : [["Estimates", `${book.estimates} rates, in no plan, bill or claim of savings`] as [string, string]]),
  ]);
  return `${facts}\n${book.kind === "on_demand" ? priceTable(book) : rateTable(book)}`;
}

function priceTable(book: WholePriceBook): string {
  return formatTable(
    [
      { header: "type", value: ([machineType]: readonly [string, WholePriceBook["prices"][string]]) => machineType },
      { header: "an hour", value: ([, price]) => formatMoney(price), align: "right" },
    ],
    Object.entries(book.prices),
  );
}

function rateTable(book: WholePriceBook): string {
  type Rate = WholePriceBook["rates"][number];
  return formatTable(
    [
      { header: "type", value: (rate: Rate) => rate.machine_type },
      { header: "term", value: (rate: Rate) => rate.term },
      { header: "class", value: (rate: Rate) => rate.offering_class ?? "" },
      { header: "payment", value: (rate: Rate) => rate.payment_option },
      { header: "at the start", value: (rate: Rate) => formatMoney(rate.upfront), align: "right" },
      { header: "an hour", value: (rate: Rate) => formatMoney(rate.per_hour), align: "right" },
      { header: "label", value: ({ estimate }: Rate) => (estimate ? "estimate" : "") },
    ],
    book.rates,
  );
}
