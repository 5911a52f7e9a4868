import { readFileSync } from "node:fs";
import { OFFERING_CLASSES, PAYMENT_OPTIONS, type PaymentOption, type Term } from "@berth/domain";
import type { PlanFamily, ReservedProduct } from "../../src/index.ts";

type Rates = Readonly<Record<Term, { readonly standard: Readonly<Record<string, readonly [number, number, string]>> }>>;

const REGION = "us-east-1";
const KEYS: Readonly<Record<PaymentOption, string>> = {
  no_upfront: "no",
  partial_upfront: "partial",
  all_upfront: "all",
};

const regionOf = <T>(file: string): Readonly<Record<string, T>> =>
  JSON.parse(readFileSync(new URL(`../../../../data/aws/${file}`, import.meta.url), "utf8")).regions[REGION];

/** Families with what an xlarge of each costs in us-east-1, and the six standard products of each: real rates, of data/aws. */
export function realMarket(names: readonly string[]): {
  readonly families: readonly PlanFamily[];
  readonly products: readonly ReservedProduct[];
} {
  const prices = regionOf<number>("prices-ondemand.json");
  const reserved = regionOf<Rates>("prices-reserved.json");
  const found = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Error(`there is no price of ${what}`);
    return value;
  };
  const micro = (usd: number) => Math.round(usd * 1e6);
  return {
    families: names.map((name): PlanFamily => {
      const unit = `${name}.xlarge`;
      const sizes = [
        { machineType: `${name}.4xlarge`, units: 4 },
        { machineType: unit, units: 1 },
      ];
      return { name, unit, onDemandMicroUsdPerHour: micro(found(prices[unit], unit)), sizes };
    }),
    products: names.flatMap((name, family) =>
      (["1y", "3y"] as const).flatMap((term) =>
        PAYMENT_OPTIONS.map((paymentOption): ReservedProduct => {
          const what = `${name}.xlarge ${term} ${paymentOption}`;
          const rate = found(reserved[`${name}.xlarge`]?.[term].standard[KEYS[paymentOption]], what);
          return {
            kind: "reserved",
            name: what,
            family,
            term,
            offeringClass: OFFERING_CLASSES[0],
            paymentOption,
            upfrontMicroUsd: micro(rate[0]),
            hourlyMicroUsd: micro(rate[1]),
          };
        }),
      ),
    ),
  };
}
