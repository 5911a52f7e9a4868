import { readFileSync } from "node:fs";
import type { OfferingClass, Rate, Term } from "@berth/domain";

const PAYMENTS = { no: "no_upfront", partial: "partial_upfront", all: "all_upfront" } as const;
type Payment = keyof typeof PAYMENTS;

const entries = <K extends string, V>(of: Partial<Record<K, V>> | undefined) => Object.entries(of ?? {}) as [K, V][];
const micro = (usd: number) => Math.round(usd * 1e6);
const readPrices = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../data/aws/${name}`, import.meta.url), "utf8"));

/** Dollars an hour on demand, by machine type. */
export function onDemandPrices(region: string): Readonly<Record<string, number>> {
  return readPrices("prices-ondemand.json").regions[region];
}

/** By machine type, whatever AWS sells of it as far as data/aws knows: what is missing there is not offered here. */
export function reservedRates(region: string): ReadonlyMap<string, readonly Rate[]> {
  type Types = Record<string, Record<Term, Record<OfferingClass, Record<Payment, [number, number, string]>>>>;
  const types: Types = readPrices("prices-reserved.json").regions[region];
  return new Map(
    entries(types).map(([machineType, terms]) => [
      machineType,
      entries(terms).flatMap(([term, classes]) =>
        entries(classes).flatMap(([offeringClass, payments]) =>
          entries(payments).map(([payment, [upfront, hourly]]) => ({
            machineType,
            term,
            offeringClass,
            paymentOption: PAYMENTS[payment],
            upfrontMicroUsd: micro(upfront),
            hourlyMicroUsd: micro(hourly),
          })),
        ),
      ),
    ]),
  );
}

/** Of Compute Savings Plans. */
export function computePlanRates(region: string): readonly Rate[] {
  type Types = Record<string, Record<Term, Record<Payment, number>>>;
  const types: Types = readPrices("prices-savings-plans.json").regions[region];
  return entries(types).flatMap(([machineType, terms]) =>
    entries(terms).flatMap(([term, payments]) =>
      entries(payments).map(([payment, hourly]) => ({
        machineType,
        term,
        offeringClass: null,
        paymentOption: PAYMENTS[payment],
        upfrontMicroUsd: 0,
        hourlyMicroUsd: micro(hourly),
      })),
    ),
  );
}

/** A standard reserved instance of 2016. */
export interface Rate2016 extends Rate {
  /** Whether how much of it was paid at the start is known. Where not, all of the effective rate stands as charged by the hour. */
  readonly hasSplit: boolean;
}

/** Region us-east-1, the middle of 2016. */
export function pricesOf2016(): {
  readonly usdPerHour: Readonly<Record<string, number>>;
  readonly rates: readonly Rate2016[];
} {
  interface Price {
    readonly eff: number;
    readonly upfront?: number;
    readonly hourly?: number;
  }
  type Types = Record<string, { od: number } & Partial<Record<Term, { standard?: Record<Payment, Price> }>>>;
  const types: Types = readPrices("prices-2016.json").regions["us-east-1"];
  return {
    usdPerHour: Object.fromEntries(Object.entries(types).map(([name, { od }]) => [name, od])),
    rates: Object.entries(types).flatMap(([machineType, of]) =>
      (["1y", "3y"] as const).flatMap((term) =>
        entries(of[term]?.standard).map(([payment, { eff, upfront, hourly }]): Rate2016 => {
          const hasSplit = upfront !== undefined && hourly !== undefined;
          return {
            machineType,
            term,
            offeringClass: "standard",
            paymentOption: PAYMENTS[payment],
            upfrontMicroUsd: hasSplit ? micro(upfront) : 0,
            hourlyMicroUsd: micro(hasSplit ? hourly : eff),
            hasSplit,
          };
        }),
      ),
    ),
  };
}
