import type { ReservationFault } from "../check/check-reservations.ts";
import { explainPurchases } from "./explain-purchases.ts";
import { planFlags } from "./flags.ts";
import { effectiveMicroUsdPerHour, priceOf } from "./payments.ts";
import type { PlanCost } from "./plan-cost.ts";
import { gapOf, type LadderPlan } from "./plan-ladder.ts";
import { type PlanningCase, type Product, TERM_MONTHS } from "./planning-case.ts";

const rounded = (value: number, places: number) => Number(value.toFixed(places));
/** Nano-dollars as a decimal text, exactly. */
function usd(nano: bigint): string {
  const digits = String(nano < 0n ? -nano : nano).padStart(10, "0");
  return `${nano < 0n ? "-" : ""}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** What a plan is made by, printed with each. */
const CONVENTIONS = {
  monthHours: 730,
  residual: "straight-line share of the upfront payment, for what is left of the term at the horizon",
  money: "integers; a cost is rounded once, to a nano-dollar",
  coverage: "covered / eligible unit-hours, by price on demand",
  utilization: "used / bought unit-hours, by price on demand; savings plans as committed",
  upfrontBefore: "what was paid at the start of a commitment held is sunk and not in the cost",
} as const;

/** A plan in the form that `npm run plan` prints: months from 0, dollars as decimal texts where they are exact. */
export function showPlan(
  planning: PlanningCase,
  plan: LadderPlan,
  nothing: PlanCost,
  faults: readonly ReservationFault[],
) {
  const { products, scenarios, risk, discountPercent, guardRails, families } = planning;
  const { cost } = plan;
  return {
    purchases: explainPurchases(planning, plan.purchases).map((one) => {
      const { product: p, month, count } = one.purchase;
      const product = products[p] as Product;
      const { upfrontMicroUsd, hourlyMicroUsd } = priceOf(product);
      return {
        product: product.name,
        month,
        endMonth: month + TERM_MONTHS[product.term],
        ...(product.kind === "reserved"
          ? { family: families[product.family]?.name, units: count, quote: one.quote }
          : { steps: count, committedUsdPerHour: (count * product.stepMicroUsdPerHour) / 1e6 }),
        upfrontUsd: (upfrontMicroUsd * count) / 1e6,
        hourlyUsd: (hourlyMicroUsd * count) / 1e6,
        effectiveUsdPerHour: rounded((effectiveMicroUsdPerHour(product) * count) / 1e6, 6),
        why: {
          payingShare: rounded(one.payingShare, 4),
          fullyUsedShare: rounded(one.fullyUsedShare, 4),
          utilization: rounded(one.utilization, 4),
          breakEvenMonth: one.breakEvenMonth ?? null,
          savedUsd: rounded(one.savedUsd, 2),
        },
      };
    }),
    costUsd: usd(cost.expectedNanoUsd),
    costByScenarioUsd: Object.fromEntries(
      scenarios.map(({ name }, s) => [name, usd(cost.byScenarioNanoUsd[s] as bigint)]),
    ),
    withoutPurchasesUsd: usd(nothing.expectedNanoUsd),
    coverage: rounded(cost.coverage, 6),
    utilization: rounded(cost.utilization, 6),
    objectiveUsd: rounded(plan.objectiveUsd, 6),
    boundUsd: Number.isFinite(plan.boundUsd) ? rounded(plan.boundUsd, 6) : null,
    gap: Number.isFinite(plan.boundUsd) ? rounded(gapOf(plan), 8) : null,
    outcome: plan.outcome,
    ...(plan.fallback === undefined ? {} : { fallback: plan.fallback }),
    size: plan.size,
    flags: planFlags(planning, plan.purchases),
    violations: faults,
    conventions: {
      ...CONVENTIONS,
      discountPercent,
      alphaPercent: risk.alphaPercent,
      riskWeightPercent: risk.weightPercent,
      guardRails,
    },
  };
}
