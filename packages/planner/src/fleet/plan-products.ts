import { type OfferingClass, type PaymentOption, type Rate, TERMS, type Term } from "@berth/domain";
import type { PlanRateBook } from "./fleet-history.ts";
import type { FleetFamily } from "./plan-family.ts";
import type { FamilyRates } from "./worthwhile-families.ts";

/** The rates of reserved instances in a region. */
export interface ReservedRateBook {
  readonly region: string;
  readonly rates: readonly Rate[];
}

/** Products as the planning file has them. */
export interface ReservedEntry {
  readonly kind: "reserved";
  readonly name: string;
  readonly family: string;
  readonly term: Term;
  readonly offeringClass: OfferingClass | null;
  readonly paymentOption: PaymentOption;
  readonly upfrontUsd: number;
  readonly hourlyUsd: number;
}

export interface SavingsPlanEntry {
  readonly kind: "savings_plan";
  readonly name: string;
  readonly term: Term;
  readonly paymentOption: PaymentOption;
  readonly stepUsdPerHour: number;
  /** By family. */
  readonly rates: Readonly<Record<string, number>>;
}

const PLAN_STEP_MICRO_USD = 100_000;

/** As the reader of the file has it: what costs as much as on demand is no discount, and a twentieth of it another unit. */
export function isDiscount(cost: bigint, onDemand: bigint): boolean {
  return cost < onDemand && cost * 20n >= onDemand;
}

export const usd = (microUsd: number) => microUsd / 1e6;

/** Reserved instances of a family, by the rates of its unit that are a discount. */
export function reservedProducts(
  reservedBooks: readonly ReservedRateBook[],
  { name, region, unit, unitMicroUsdPerHour }: FleetFamily,
): ReservedEntry[] {
  const rates = reservedBooks.filter((book) => book.region === region).flatMap((book) => book.rates);
  return rates
    .filter(({ machineType, term, upfrontMicroUsd, hourlyMicroUsd }) => {
      const hours = BigInt(TERMS[term].hours);
      const whole = BigInt(upfrontMicroUsd) + BigInt(hourlyMicroUsd) * hours;
      return machineType === unit && isDiscount(whole, BigInt(unitMicroUsdPerHour) * hours);
    })
    .map(({ term, offeringClass, paymentOption, upfrontMicroUsd, hourlyMicroUsd }) => ({
      kind: "reserved",
      name: `${name} ${term} ${offeringClass} ${paymentOption}`,
      family: name,
      term,
      offeringClass,
      paymentOption,
      upfrontUsd: usd(upfrontMicroUsd),
      hourlyUsd: usd(hourlyMicroUsd),
    }));
}

/** Compute Savings Plans, with the rates of all families that their books have. */
export function planProducts(rateBooks: readonly PlanRateBook[], families: readonly FleetFamily[]): SavingsPlanEntry[] {
  const products = new Map<
    string,
    { readonly term: Term; readonly paymentOption: PaymentOption; readonly rates: Record<string, number> }
  >();
  for (const { region, kind, rates } of rateBooks) {
    if (kind !== "compute_savings_plan") continue;
    for (const { machineType, term, paymentOption, hourlyMicroUsd } of rates) {
      const family = families.find((one) => one.region === region && one.unit === machineType);
      if (family === undefined || !isDiscount(BigInt(hourlyMicroUsd), BigInt(family.unitMicroUsdPerHour))) continue;
      const key = `compute ${term} ${paymentOption}`;
      const product = products.get(key) ?? { term, paymentOption, rates: {} };
      product.rates[family.name] = usd(hourlyMicroUsd);
      products.set(key, product);
    }
  }
  return [...products].map(([name, product]) => ({
    kind: "savings_plan",
    name,
    stepUsdPerHour: usd(PLAN_STEP_MICRO_USD),
    ...product,
  }));
}

/** Each way to pay for a unit of a family, and what it comes to: for the whole term, or an hour of a savings plan. */
export function ratesOf(products: readonly (ReservedEntry | SavingsPlanEntry)[], family: string): FamilyRates {
  return new Map(
    products.flatMap((product): [string, number][] => {
      if (product.kind === "savings_plan") {
        const rate = product.rates[family];
        return rate === undefined ? [] : [[product.name, rate]];
      }
      const { term, offeringClass, paymentOption, upfrontUsd, hourlyUsd } = product;
      const whole = upfrontUsd + hourlyUsd * TERMS[term].hours;
      return product.family === family ? [[`${term} ${offeringClass} ${paymentOption}`, whole]] : [];
    }),
  );
}
