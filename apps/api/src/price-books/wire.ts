import type { PriceBook, WholePriceBook } from "@berth/contract";
import type { PriceBookRow, WholePriceBook as WholePriceBookRow } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { iso } from "../http/wire.ts";

export function toPriceBookBody(book: PriceBookRow): PriceBook {
  return {
    id: book.id,
    region: book.region,
    version: book.version,
    source: book.source,
    machine_types: book.machineTypes,
    created_at: iso(book.createdAt),
  };
}

export function toWholePriceBookBody(book: WholePriceBookRow): WholePriceBook {
  const prices = Object.entries(book.prices).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...toPriceBookBody(book),
    prices: Object.fromEntries(prices.map(([machineType, price]) => [machineType, moneyFromMicroUsd(price)])),
  };
}
