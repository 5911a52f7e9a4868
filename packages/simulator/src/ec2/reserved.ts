import { createHash } from "node:crypto";
import { Ec2Error } from "./error.ts";
import type { Ec2Context } from "./state.ts";

const YEAR_SECONDS = 31_536_000;

export interface ReservedOffering {
  readonly id: string;
  readonly instanceType: string;
  readonly durationSeconds: number;
  readonly offeringType: "No Upfront" | "Partial Upfront" | "All Upfront";
  readonly fixedPrice: number;
  readonly hourlyPrice: number;
}

export interface ReservedInstances {
  readonly id: string;
  readonly offering: ReservedOffering;
  readonly instanceCount: number;
  readonly startAt: number;
}

/** A purchase as it is told of now. */
export interface ReservedView extends ReservedInstances {
  readonly endAt: number;
  readonly state: "active" | "retired";
}

/** Every purchase, ended ones too. */
export function describeReserved(context: Ec2Context): readonly ReservedView[] {
  const now = context.clock.now();
  return context.state.reserved.map((reserved) => {
    const endAt = reserved.startAt + reserved.offering.durationSeconds * 1000;
    return { ...reserved, endAt, state: now < endAt ? "active" : "retired" };
  });
}

/**
 * Share of the on-demand price that a term without upfront costs: typical of general-purpose families in 2026, not AWS's
 * price of any type. The steps to partial and all upfront are the measured rule of data/aws PROVENANCE (partial = none /
 * 1.05 or 1.08, all = partial x 0.98 or 0.94).
 */
const TERMS = [
  { years: 1, noUpfrontShare: 0.63, partialDivisor: 1.05, allFactor: 0.98 },
  { years: 3, noUpfrontShare: 0.43, partialDivisor: 1.08, allFactor: 0.94 },
] as const;

/** Standard, regional, Linux offerings of one type: two terms by three ways to pay. Refuses a type not sold here. */
export function reservedOfferings(context: Ec2Context, instanceType: string): readonly ReservedOffering[] {
  const price = context.catalogue.prices[context.region]?.[instanceType];
  if (price === undefined) throw new Ec2Error("InvalidParameterValue", `Invalid instance type: ${instanceType}`);
  return TERMS.flatMap(({ years, noUpfrontShare, partialDivisor, allFactor }) => {
    const hours = years * 8760;
    const none = price * noUpfrontShare;
    const partial = none / partialDivisor;
    const offering = (offeringType: ReservedOffering["offeringType"], fixedPrice: number, hourlyPrice: number) => ({
      id: uuidOf(`${context.region}/${instanceType}/${years}/${offeringType}`),
      instanceType,
      durationSeconds: years * YEAR_SECONDS,
      offeringType,
      fixedPrice: Math.round(fixedPrice),
      hourlyPrice: Math.round(hourlyPrice * 1e5) / 1e5,
    });
    return [
      offering("No Upfront", 0, none),
      offering("Partial Upfront", (partial * hours) / 2, partial / 2),
      offering("All Upfront", partial * allFactor * hours, 0),
    ];
  });
}

/**
 * Buys at once; the state shows `payment-pending` for nobody. Refuses an id that no offering has, and what costs more at the
 * start than the limit, in dollars. Asked twice it buys twice: EC2 has no token for this.
 */
export function purchaseReserved(
  context: Ec2Context,
  offeringId: string,
  instanceCount: number,
  limitPrice = Number.POSITIVE_INFINITY,
): ReservedInstances {
  if (!Number.isInteger(instanceCount) || instanceCount < 1) {
    throw new Ec2Error("InvalidParameterValue", "Invalid value for InstanceCount.");
  }
  const types = Object.keys(context.catalogue.prices[context.region] ?? {});
  for (const instanceType of types) {
    const offering = reservedOfferings(context, instanceType).find(({ id }) => id === offeringId);
    if (offering === undefined) continue;
    if (offering.fixedPrice * instanceCount > limitPrice) {
      throw new Ec2Error(
        "InvalidParameterValue",
        `The price of ${offering.fixedPrice * instanceCount} is above the limit.`,
      );
    }
    const id = uuidOf(`${context.seed}/${context.state.reserved.length}/${offeringId}`);
    const bought = { id, offering, instanceCount, startAt: context.clock.now() };
    context.state.reserved.push(bought);
    return bought;
  }
  throw new Ec2Error("InvalidReservedInstancesOfferingId", `The offering '${offeringId}' does not exist`);
}

function uuidOf(text: string): string {
  const digest = createHash("sha256").update(text).digest("hex");
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    digest.slice(12, 16),
    digest.slice(16, 20),
    digest.slice(20, 32),
  ].join("-");
}
