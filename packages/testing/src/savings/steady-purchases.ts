import type { Rate, Term } from "@berth/domain";
import { checkReservations, gapOf, type PlanningCase, planLadder, type SavingsPlanProduct } from "@berth/planner";
import { openInThreadSolver } from "@berth/solver";

/** Demand that never changes, of machines that one reserved instance covers. */
export interface SteadyDemand {
  readonly name: string;
  /** Machine type that it is counted in, and what is offered for one. */
  readonly unit: string;
  readonly units: number;
  readonly onDemandMicroUsdPerHour: number;
  readonly rates: readonly Rate[];
}

interface Bought<D> {
  readonly demand: D;
  readonly rate: Rate;
  readonly units: number;
}

export interface SteadyPurchases<D = SteadyDemand> {
  readonly reserved: readonly Bought<D>[];
  readonly plans: readonly { readonly product: SavingsPlanProduct; readonly microUsdPerHour: number }[];
  /** How far the ladder's cost is above its bound, as a share of the bound. */
  readonly gap: number;
}

const HORIZON_MONTHS: Readonly<Record<Term, number>> = { "1y": 12, "3y": 36 };
const STEP_MICRO_USD = 100_000;

/**
 * What the ladder buys in its first month for demand that never changes, with terms up to the longest; the horizon is that
 * term. Guard rails are off: they spread the same purchases over six months and more, and what is asked here is what the
 * fleet costs once all are active. Throws where the checker finds a fault.
 */
export async function steadyPurchases<D extends SteadyDemand>(
  demands: readonly D[],
  planRates: readonly Rate[],
  longest: Term,
): Promise<SteadyPurchases<D>> {
  const months = HORIZON_MONTHS[longest];
  const offered = ({ term }: { readonly term: Term }) => term === "1y" || longest === "3y";
  const reserved = demands.flatMap((demand, family) =>
    demand.rates.filter(offered).map((rate) => ({ demand, family, rate })),
  );
  const planProducts = savingsPlans(demands, planRates.filter(offered));
  const planning: PlanningCase = {
    months,
    families: demands.map(({ name, unit, onDemandMicroUsdPerHour }) => ({
      name,
      unit,
      onDemandMicroUsdPerHour,
      sizes: [{ machineType: unit, units: 1 }],
    })),
    demands: demands.map(({ name }, family) => ({ name, options: [{ family, milliUnits: 1_000 }] })),
    scenarios: [
      {
        name: "steady",
        weight: 1,
        months: Array.from({ length: months }, () => [
          { hours: 730, milliUnits: demands.map(({ units }) => units * 1_000) },
        ]),
      },
    ],
    products: [
      ...reserved.map(({ family, rate }) => ({
        kind: "reserved" as const,
        name: `${rate.machineType} ${rate.term} ${rate.offeringClass} ${rate.paymentOption}`,
        family,
        term: rate.term,
        paymentOption: rate.paymentOption,
        offeringClass: rate.offeringClass ?? "standard",
        upfrontMicroUsd: rate.upfrontMicroUsd,
        hourlyMicroUsd: rate.hourlyMicroUsd,
      })),
      ...planProducts,
    ],
    held: [],
    discountPercent: 0,
    risk: { alphaPercent: 95, weightPercent: 0, mostLossMicroUsd: undefined },
    guardRails: false,
  };
  const solver = await openInThreadSolver();
  try {
    const ladder = await planLadder(planning, solver);
    const faults = checkReservations(planning, { purchases: ladder.purchases, ...ladder.cost });
    if (faults.length > 0) throw new Error(`the plan breaks rules: ${JSON.stringify(faults)}`);
    const first = ladder.purchases.filter(({ month }) => month === 0);
    return {
      reserved: first.flatMap(({ product, count }) => {
        const one = reserved[product];
        return one === undefined ? [] : [{ demand: one.demand, rate: one.rate, units: count }];
      }),
      plans: first.flatMap(({ product, count }) => {
        const one = planProducts[product - reserved.length];
        return one === undefined ? [] : [{ product: one, microUsdPerHour: count * one.stepMicroUsdPerHour }];
      }),
      gap: gapOf(ladder),
    };
  } finally {
    await solver.close();
  }
}

function savingsPlans(demands: readonly SteadyDemand[], rates: readonly Rate[]): SavingsPlanProduct[] {
  const kinds = new Map(
    rates.map(({ term, paymentOption }) => [`compute ${term} ${paymentOption}`, { term, paymentOption }]),
  );
  return [...kinds].map(([name, { term, paymentOption }]) => ({
    kind: "savings_plan",
    name,
    term,
    paymentOption,
    stepMicroUsdPerHour: STEP_MICRO_USD,
    rates: demands.map(
      ({ unit }) =>
        rates.find((one) => one.machineType === unit && one.term === term && one.paymentOption === paymentOption)
          ?.hourlyMicroUsd ?? 0,
    ),
  }));
}
