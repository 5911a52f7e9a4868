import { priceOf } from "./payments.ts";
import {
  HOURS,
  type PlanFamily,
  type PlanningCase,
  type Product,
  type Purchase,
  TERM_MONTHS,
} from "./planning-case.ts";
import { quoteSizes } from "./quote-sizes.ts";

/** What a person should see to before a plan is carried out: it does not make the plan wrong. */
export interface PlanFlag {
  readonly flag: "quota" | "volume_tier" | "cliff_held";
  readonly month: number;
  readonly detail: string;
}

/** Regional reserved instances that a region sells in a month, unless more are asked for (EC2 user guide, reserved instance quotas). */
const QUOTA_INSTANCES = 20;
/** List value of standard reserved instances from which a region's volume discounts begin (EC2 user guide, pricing tiers). */
const FIRST_TIER_MICRO_USD = 500_000_000_000;
/** Of what is held, in one month. */
const CLIFF_SHARE = 1 / 6;

/** In the order of months; quotas and tiers are of each region by itself. */
export function planFlags(planning: PlanningCase, purchases: readonly Purchase[]): readonly PlanFlag[] {
  const regions = [...new Set(planning.families.map(({ region }) => region))];
  const ofRegions = regions.flatMap((region) => {
    const own = purchases.filter(({ product: p }) => {
      const product = planning.products[p] as Product;
      return product.kind === "reserved" && planning.families[product.family]?.region === region;
    });
    const place = region === undefined ? "a region" : region;
    return [...quotaFlags(planning, own, place), ...tierFlags(planning, own, place)];
  });
  return [...ofRegions, ...cliffFlags(planning)].toSorted((a, b) => a.month - b.month);
}

function quotaFlags(
  { months, products, families }: PlanningCase,
  purchases: readonly Purchase[],
  place: string,
): readonly PlanFlag[] {
  const instances = new Array<number>(months).fill(0);
  for (const { product: p, month, count } of purchases) {
    const product = products[p] as Product;
    if (product.kind !== "reserved") continue;
    const quote = quoteSizes(families[product.family] as PlanFamily, count);
    instances[month] = quote.reduce((sum, one) => sum + one.instances, instances[month] as number);
  }
  return instances.flatMap((count, month) =>
    count <= QUOTA_INSTANCES
      ? []
      : [
          {
            flag: "quota" as const,
            month,
            detail: `${count} instances in a month, and ${QUOTA_INSTANCES} regional ones are sold in ${place} and month unless more are asked for`,
          },
        ],
  );
}

function tierFlags(
  { months, products }: PlanningCase,
  purchases: readonly Purchase[],
  place: string,
): readonly PlanFlag[] {
  const active = Array.from({ length: months }, (_, m) =>
    purchases.reduce((sum, { product: p, month, count }) => {
      const product = products[p] as Product;
      const termMonths = TERM_MONTHS[product.term];
      if (product.kind !== "reserved" || product.offeringClass !== "standard") return sum;
      if (m < month || m >= month + termMonths) return sum;
      const { upfrontMicroUsd, hourlyMicroUsd } = priceOf(product);
      return sum + count * (upfrontMicroUsd + hourlyMicroUsd * HOURS * termMonths);
    }, 0),
  );
  const month = active.findIndex((value) => value >= FIRST_TIER_MICRO_USD);
  if (month < 0) return [];
  const usd = Math.round((active[month] as number) / 1e6);
  return [
    {
      flag: "volume_tier",
      month,
      detail: `${usd} dollars of standard reserved instances in ${place}: volume discounts begin at 500000`,
    },
  ];
}

function cliffFlags({ held, families, months }: PlanningCase): readonly PlanFlag[] {
  const worth = (m: number, isEnding: boolean) =>
    held.reduce((sum, one) => {
      const counts = isEnding ? one.endMonth === m : m > one.startMonth && m <= one.endMonth;
      if (!counts) return sum;
      const each =
        one.kind === "reserved"
          ? one.units * (families[one.family] as PlanFamily).onDemandMicroUsdPerHour
          : one.committedMicroUsdPerHour;
      return sum + each;
    }, 0);
  return Array.from({ length: months }, (_, m) => m).flatMap((month) => {
    const [ending, before] = [worth(month, true), worth(month, false)];
    if (month === 0 || ending <= before * CLIFF_SHARE) return [];
    const percent = Math.round((100 * ending) / before);
    return [{ flag: "cliff_held" as const, month, detail: `${percent} % of what is held ends in one month` }];
  });
}
