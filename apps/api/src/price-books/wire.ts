import type { PriceBook, WholePriceBook } from "@berth/contract";
import type { PriceBookRow, WholePriceBook as WholePriceBookRow } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { iso } from "../http/wire.ts";

export function toPriceBookBody(book: PriceBookRow): PriceBook {
  return {
    id: book.id,
    region: book.region,
    version: book.version,
    kind: book.kind,
    source: book.source,
    machine_types: book.machineTypes,
    estimates: book.estimates,
    created_at: iso(book.createdAt),
  };
}

export function toWholePriceBookBody(book: WholePriceBookRow): WholePriceBook {
  const prices: WholePriceBook["prices"] = {};
  const rates: WholePriceBook["rates"] = [];
  for (const [machineType, price] of Object.entries(book.prices).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (typeof price === "number") {
      prices[machineType] = moneyFromMicroUsd(price);
      continue;
    }
    for (const { term, offeringClass, paymentOption, upfrontMicroUsd, hourlyMicroUsd, isEstimate } of price) {
      rates.push({
        machine_type: machineType,
        term,
        offering_class: offeringClass,
        payment_option: paymentOption,
        upfront: moneyFromMicroUsd(upfrontMicroUsd),
        per_hour: moneyFromMicroUsd(hourlyMicroUsd),
        estimate: isEstimate === true,
      });
    }
  }
  return { ...toPriceBookBody(book), prices, rates };
}
