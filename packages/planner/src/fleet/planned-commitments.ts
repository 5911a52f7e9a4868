import { TERMS } from "@berth/domain";
import type { PlanningCase } from "../ladder/planning-case.ts";
import type { OwnedCommitment } from "./fleet-history.ts";
import { HOUR_MS } from "./machine-hours.ts";

/** A purchase of a plan, as showPlan has it. */
export interface ShownPurchase {
  readonly product: string;
  readonly month: number;
  readonly endMonth: number;
  readonly units?: number;
  readonly steps?: number;
  /** Of reserved instances, in as few as the family's sizes allow. */
  readonly quote?: readonly { readonly machineType: string; readonly instances: number }[];
}

/** What a plan holds of one of its products. */
export interface PlannedCommitment extends OwnedCommitment {
  readonly product: string;
}

/** A plan is built up over months: it is looked at where its first year ends. */
const MONTH_LOOKED_AT = 11;

/** Whether a purchase is made by then, and runs on. */
export function isHeldWhereLookedAt({ month, endMonth }: ShownPurchase): boolean {
  return month <= MONTH_LOOKED_AT && endMonth > MONTH_LOOKED_AT;
}

/**
 * What a plan of a fleet's planning file holds at the end of its first year, as one commitment for each product that begins at an
 * hour: the plan as it will be, beside the fleet as it is. Purchases of products that the case has not are left out.
 */
export function plannedCommitments(
  { products, families }: PlanningCase,
  purchases: readonly ShownPurchase[],
  planId: string,
  atHour: number,
): PlannedCommitment[] {
  const counts = new Map<string, number>();
  for (const purchase of purchases) {
    if (!isHeldWhereLookedAt(purchase)) continue;
    const { product, units, steps } = purchase;
    counts.set(product, (counts.get(product) ?? 0) + (units ?? steps ?? 0));
  }
  return products.flatMap((product, index): PlannedCommitment[] => {
    const count = counts.get(product.name) ?? 0;
    if (count === 0) return [];
    const common = {
      id: `${planId}/${index + 1}`,
      product: product.name,
      zone: null,
      family: null,
      term: product.term,
      paymentOption: product.paymentOption,
      account: null,
      externalId: null,
      startsAt: new Date(atHour * HOUR_MS),
      endsAt: new Date((atHour + TERMS[product.term].hours) * HOUR_MS),
    };
    if (product.kind === "savings_plan") {
      return [
        {
          ...common,
          kind: "compute_savings_plan",
          region: null,
          machineType: null,
          offeringClass: null,
          count: null,
          upfrontMicroUsd: null,
          hourlyMicroUsd: null,
          commitmentMicroUsdPerHour: product.stepMicroUsdPerHour * count,
        },
      ];
    }
    const family = families[product.family];
    if (family === undefined) return [];
    return [
      {
        ...common,
        kind: "reserved_instances",
        // As planningFile names its families.
        region: family.name.split("/")[0] ?? "",
        machineType: family.unit,
        offeringClass: product.offeringClass,
        count,
        upfrontMicroUsd: product.upfrontMicroUsd,
        hourlyMicroUsd: product.hourlyMicroUsd,
        commitmentMicroUsdPerHour: null,
      },
    ];
  });
}
