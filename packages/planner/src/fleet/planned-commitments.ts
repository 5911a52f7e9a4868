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
}

/** A plan is built up over months: it is looked at where its first year ends. */
const MONTH_LOOKED_AT = 11;

/**
 * What a plan of a fleet's planning file holds at the end of its first year, as commitments that begin at an hour: the plan as
 * it will be, beside the fleet as it is. Ids are the plan's with a number. Purchases of products that the case has not are left out.
 */
export function plannedCommitments(
  { products, families }: PlanningCase,
  purchases: readonly ShownPurchase[],
  planId: string,
  atHour: number,
): OwnedCommitment[] {
  const productOf = new Map(products.map((product) => [product.name, product]));
  return purchases.flatMap((purchase, index): OwnedCommitment[] => {
    const product = productOf.get(purchase.product);
    const isHeld = purchase.month <= MONTH_LOOKED_AT && purchase.endMonth > MONTH_LOOKED_AT;
    if (product === undefined || !isHeld) return [];
    const common = {
      id: `${planId}/${index + 1}`,
      zone: null,
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
          family: null,
          offeringClass: null,
          count: null,
          upfrontMicroUsd: null,
          hourlyMicroUsd: null,
          commitmentMicroUsdPerHour: product.stepMicroUsdPerHour * (purchase.steps ?? 0),
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
        family: null,
        offeringClass: product.offeringClass,
        count: purchase.units ?? 0,
        upfrontMicroUsd: product.upfrontMicroUsd,
        hourlyMicroUsd: product.hourlyMicroUsd,
        commitmentMicroUsdPerHour: null,
      },
    ];
  });
}
