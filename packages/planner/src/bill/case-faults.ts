import { areApart, type CaseFaults, shown } from "@berth/domain";
import { LEAST_SHARE, xlargeInAnotherUnit } from "../terms/another-unit.ts";
import { familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { BillCase, PlanRates, Product, ProductPrice, Reservation } from "./bill-case.ts";
import { termHoursOf } from "./commitment-price.ts";
import { productKey } from "./running-hours.ts";

const LEAST_PART = BigInt(LEAST_SHARE);
/** Sizes of a family cost about the same by the unit; AWS's lists of 2016 to 2026 have no two that are five times apart. */
const MOST_APART = 100n;

/** What is wrong between entries that are each in order: prices that are missing, doubled or of another unit, commitments twice. */
export function caseFaults(billCase: BillCase, faults: CaseFaults): void {
  const prices = priceFaults(billCase.prices, faults);
  for (const [index, machines] of billCase.machines.entries()) {
    if (!prices.has(productKey(machines))) faults.add(`machines[${index}].machineType`, unpriced(machines));
  }
  for (const [index, reservation] of billCase.reservations.entries()) {
    reservationFaults(reservation, `reservations[${index}]`, prices, faults);
  }
  planFaults(billCase, prices, faults);
}

function priceFaults(all: readonly ProductPrice[], faults: CaseFaults): ReadonlyMap<string, ProductPrice> {
  const prices = new Map<string, ProductPrice>();
  const firstOf = new Map<string, number>();
  const firstOfFamily = new Map<string, { readonly index: number; readonly price: ProductPrice }>();
  for (const [index, price] of all.entries()) {
    const path = `prices[${index}]`;
    const key = productKey(price);
    const first = firstOf.get(key);
    if (first !== undefined) faults.add(path, `must be of another product: prices[${first}] is of ${named(price)} too`);
    else firstOf.set(key, index);
    prices.set(key, price);
    rateFaults(price.planRates, price.onDemandPicoUsd, path, faults);

    const xlarge = xlargeInAnotherUnit(price.onDemandPicoUsd, quarterUnits(price.machineType) ?? 1);
    if (xlarge !== undefined) {
      faults.add(
        `${path}.usdPerHour`,
        `must be a price of ${price.machineType}: ${xlarge} dollars an hour for an xlarge is in another unit`,
      );
    }
    const family = familyAndSize(price.machineType)?.family ?? "";
    const familyKey = productKey({ ...price, machineType: family });
    const other = firstOfFamily.get(familyKey);
    if (xlarge !== undefined) continue;
    if (other === undefined) firstOfFamily.set(familyKey, { index, price });
    else if (isOfAnotherUnit(price, other.price)) {
      faults.add(
        `${path}.usdPerHour`,
        `must be less than ${MOST_APART} times, and more than a ${MOST_APART}th of, what prices[${other.index}] is for a unit ` +
          `of size: ${dollars(price.onDemandPicoUsd)} for ${price.machineType} beside ` +
          `${dollars(other.price.onDemandPicoUsd)} for ${other.price.machineType}`,
      );
    }
  }
  return prices;
}

function isOfAnotherUnit(a: ProductPrice, b: ProductPrice): boolean {
  const one = a.onDemandPicoUsd * BigInt(quarterUnits(b.machineType) ?? 1);
  const other = b.onDemandPicoUsd * BigInt(quarterUnits(a.machineType) ?? 1);
  return one >= other * MOST_APART || other >= one * MOST_APART;
}

function rateFaults(rates: PlanRates, onDemandPicoUsd: bigint, path: string, faults: CaseFaults): void {
  for (const [card, rate] of rates) {
    if (rate === null) continue;
    const field = `${path}.planRates.${card}`;
    if (rate > onDemandPicoUsd)
      faults.add(field, `must be at most the price on demand, ${dollars(onDemandPicoUsd)}, not ${dollars(rate)}`);
    else if (rate * LEAST_PART < onDemandPicoUsd) {
      faults.add(
        field,
        `must be at least a twentieth of the price on demand, ${dollars(onDemandPicoUsd)}, not ${dollars(rate)}`,
      );
    }
  }
}

function reservationFaults(
  reservation: Reservation,
  path: string,
  prices: ReadonlyMap<string, ProductPrice>,
  faults: CaseFaults,
): void {
  const { upfrontPicoUsd, hourlyPicoUsd, termHours } = reservation;
  const price = prices.get(productKey(reservation))?.onDemandPicoUsd;
  if (price === undefined) faults.add(`${path}.machineType`, unpriced(reservation));
  const hours = termHoursOf(reservation);
  const isUpfront = hourlyPicoUsd === 0n || (price !== undefined && upfrontPicoUsd > price * hours);
  const field = `${path}.${isUpfront ? "upfrontUsd" : "usdPerHour"}`;
  const recurringPicoUsd = hourlyPicoUsd * hours;
  const whole = upfrontPicoUsd + recurringPicoUsd;
  const isPartial = upfrontPicoUsd > 0n && hourlyPicoUsd > 0n;
  if (whole === 0n) {
    faults.add(`${path}.usdPerHour`, "must be above 0 where upfrontUsd is 0: a reservation costs something");
  } else if (price !== undefined && whole > price * hours) {
    faults.add(
      field,
      `must be at most the price on demand, ${dollars(price)} an hour: it is ${dollars(whole / hours)} with upfrontUsd spread over ${hours} hours`,
    );
  } else if (price !== undefined && whole * LEAST_PART < price * hours) {
    faults.add(
      field,
      `must be at least a twentieth of the price on demand, ${dollars(price)} an hour: it is ${dollars(whole / hours)} with upfrontUsd spread over ${hours} hours`,
    );
  } else if (isPartial && termHours === undefined && areApart(upfrontPicoUsd, recurringPicoUsd)) {
    // Second hand, what is paid at the start is what the seller asks for.
    const [low, other] =
      upfrontPicoUsd < recurringPicoUsd ? ["upfrontUsd", "usdPerHour"] : ["usdPerHour", "upfrontUsd"];
    faults.add(
      `${path}.${low}`,
      `must be a price of the same unit as ${other}: ${dollars(upfrontPicoUsd)} at the start, and ${dollars(recurringPicoUsd)} in ${hours} hours`,
    );
  }
}

function planFaults(
  { plans, reservations, machines, services, prices: all }: BillCase,
  prices: ReadonlyMap<string, ProductPrice>,
  faults: CaseFaults,
): void {
  const reservationOf = new Map(reservations.map(({ id }, index) => [id, index]));
  const runs = new Set(machines.map(productKey));
  const missing = new Set<string>();
  const demand = (rates: PlanRates, field: string, card: string, plan: number) => {
    if (rates.has(card) || missing.has(`${field}.${card}`)) return;
    missing.add(`${field}.${card}`);
    faults.add(
      `${field}.planRates.${card}`,
      `must be a rate, or null for usage that such a plan does not cover, and is missing: plans[${plan}] has this card`,
    );
  };
  for (const [index, { id, only, rateCard }] of plans.entries()) {
    const twice = reservationOf.get(id);
    if (twice !== undefined)
      faults.add(`plans[${index}].id`, `must be unique: reservations[${twice}] is ${shown(id)} too`);
    const isOf = ({ region, machineType }: Product) =>
      only === undefined || (only.region === region && familyAndSize(machineType)?.family === only.family);
    if (only !== undefined && !all.some(isOf)) {
      faults.add(
        `plans[${index}].family`,
        `must be a family that prices have in ${only.region}, not ${shown(only.family)}`,
      );
    }
    for (const [at, price] of all.entries()) {
      if (isOf(price) && runs.has(productKey(price)) && prices.get(productKey(price)) === price) {
        demand(price.planRates, `prices[${at}]`, rateCard, index);
      }
    }
    if (only !== undefined) continue;
    for (const [at, service] of services.entries()) demand(service.planRates, `services[${at}]`, rateCard, index);
  }
  for (const [index, { planRates, onDemandPicoUsd }] of services.entries()) {
    rateFaults(planRates, onDemandPicoUsd, `services[${index}]`, faults);
  }
}

function unpriced(product: Product): string {
  return `must have a price on demand: prices has none for ${named(product)}`;
}

function named({ machineType, platform, tenancy, region }: Product): string {
  return `${machineType}, ${platform}, ${tenancy} tenancy in ${region}`;
}

/** Pico-dollars as dollars, without trailing zeros. */
function dollars(picoUsd: bigint): string {
  const digits = picoUsd.toString().padStart(13, "0");
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, "");
}
