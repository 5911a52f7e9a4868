import { Ec2Error } from "./error.ts";
import { type ReservedOffering, reservedOfferings } from "./reserved.ts";
import type { Ec2Context } from "./state.ts";

const YEAR_SECONDS = 31_536_000;

/** A machine type as the simulated price list has it: on demand, and reserved as the simulated EC2 sells it. */
export interface PricedType {
  readonly instanceType: string;
  readonly usdPerHour: number;
  readonly reserved: readonly ReservedOffering[];
}

/** What an hour of a type counts under a savings plan. */
export interface PlanRate {
  readonly instanceType: string;
  readonly planType: string;
  readonly durationSeconds: number;
  readonly paymentOption: ReservedOffering["offeringType"];
  readonly usdPerHour: number;
}

/** Types in the order of their names. One that costs nothing by the hour is in the list all the same, as in AWS's. */
export function pricedTypes(context: Ec2Context): readonly PricedType[] {
  return Object.entries(context.catalogue.prices[context.region] ?? {})
    .map(([instanceType, usdPerHour]) => ({
      instanceType,
      usdPerHour,
      reserved: usdPerHour === 0 ? [] : reservedOfferings(context, instanceType),
    }))
    .sort((a, b) => (a.instanceType < b.instanceType ? -1 : 1));
}

/**
 * Share of the on-demand price that a plan without upfront counts: typical of general-purpose families in 2026, not AWS's rate
 * of any type. The steps to partial and all upfront are the rule of data/aws PROVENANCE for convertible reserved instances,
 * whose rates those of Compute Savings Plans are.
 */
const PLANS: Readonly<
  Record<string, readonly { readonly years: number; readonly share: number; readonly divisor: number }[]>
> = {
  Compute: [
    { years: 1, share: 0.72, divisor: 1.05 },
    { years: 3, share: 0.5, divisor: 1.08 },
  ],
  EC2Instance: [
    { years: 1, share: 0.63, divisor: 1.05 },
    { years: 3, share: 0.43, divisor: 1.08 },
  ],
};

/** The rates of a kind of savings plan, in the order of the types' names. Refuses a kind that the model does not sell. */
export function planRates(context: Ec2Context, planType: string): readonly PlanRate[] {
  const plans = PLANS[planType];
  if (plans === undefined) throw new Ec2Error("ValidationException", `Unknown savings plan type: ${planType}`);
  return pricedTypes(context)
    .filter(({ usdPerHour }) => usdPerHour > 0)
    .flatMap(({ instanceType, usdPerHour }) =>
      plans.flatMap(({ years, share, divisor }) => {
        const none = usdPerHour * share;
        const rate = (paymentOption: PlanRate["paymentOption"], usd: number): PlanRate => ({
          instanceType,
          planType,
          durationSeconds: years * YEAR_SECONDS,
          paymentOption,
          usdPerHour: Math.round(usd * 1e5) / 1e5,
        });
        return [
          rate("No Upfront", none),
          rate("Partial Upfront", none / divisor),
          rate("All Upfront", (none / divisor) * 0.98),
        ];
      }),
    );
}
