import { monthCapacities } from "./month-capacity.ts";
import { discountFactors, heldHourlyMicroUsd, PAYMENT_SCALE, paymentsWithin, priceOf, toNanoUsd } from "./payments.ts";
import {
  HOURS,
  type PlanFamily,
  type PlanningCase,
  type Product,
  type Purchase,
  TERM_MONTHS,
} from "./planning-case.ts";
import { serveHour } from "./serve-hour.ts";

/** Exact, each amount rounded once to a nano-dollar. */
export interface PlanCost {
  /** Over scenarios by weight. */
  readonly expectedNanoUsd: bigint;
  readonly byScenarioNanoUsd: readonly bigint[];
  /** Purchases and what is held, less the residual at the horizon: the same in each scenario. */
  readonly commitmentsNanoUsd: bigint;
  /** Covered of eligible and used of bought unit-hours, expected; units of several families weighted by their price on demand. */
  readonly coverage: number;
  readonly utilization: number;
}

/**
 * What a plan costs within its horizon, each hour served as `serveHour` says: upfront less its straight-line residual,
 * hourly charges, the rest on demand, each discounted from the start of its month. What was paid upfront before is sunk and
 * not in it. Integers throughout. O(scenarios x months x segments x demands).
 */
export function planCost(planning: PlanningCase, purchases: readonly Purchase[]): PlanCost {
  const { months, families, demands, scenarios, products, held } = planning;
  const factors = discountFactors(months, planning.discountPercent);
  const capacities = monthCapacities(planning, purchases);

  let commitments = 0n;
  for (const { product: index, month, count } of purchases) {
    const product = products[index] as Product;
    commitments += BigInt(count) * paymentsWithin(priceOf(product), TERM_MONTHS[product.term], month, months, factors);
  }
  for (const one of held) {
    const hourly = BigInt(heldHourlyMicroUsd(one)) * 1_000n * BigInt(HOURS) * (PAYMENT_SCALE / 1_000_000_000n);
    for (let m = Math.max(0, one.startMonth); m < Math.min(months, one.endMonth); m++) {
      commitments += hourly * BigInt(factors[m] as number);
    }
  }

  const weights = scenarios.reduce((sum, { weight }) => sum + weight, 0);
  let covered = 0;
  let used = 0;
  let eligible = 0;
  let purchased = 0;
  const byScenario = scenarios.map((scenario) => {
    let cost = commitments;
    scenario.months.forEach((segments, m) => {
      const capacity = capacities[m] as (typeof capacities)[number];
      const restHours = new Float64Array(families.length);
      for (const { hours, milliUnits } of segments) {
        const served = serveHour(families, demands, milliUnits, capacity);
        for (let f = 0; f < families.length; f++) {
          const rest = served.restMilliUnits[f] as number;
          restHours[f] = (restHours[f] as number) + rest * hours;
          const share = hours * scenario.weight * (families[f] as PlanFamily).onDemandMicroUsdPerHour;
          covered += (served.reservedMilliUnits[f] as number) * share;
          used += (served.reservedMilliUnits[f] as number) * share;
          eligible += ((served.reservedMilliUnits[f] as number) + rest) * share;
          purchased += (capacity.reservedMilliUnits[f] as number) * share;
        }
        served.savedMilliUnits.forEach((milli, index) => {
          const { family, rate } = capacity.savings[index] as (typeof capacity.savings)[number];
          const price = (families[family] as PlanFamily).onDemandMicroUsdPerHour;
          used += milli * rate * hours * scenario.weight;
          covered += milli * price * hours * scenario.weight;
          eligible += milli * price * hours * scenario.weight;
        });
        purchased += capacity.committed.reduce((sum, one) => sum + one, 0) * 1_000 * hours * scenario.weight;
      }
      families.forEach(({ onDemandMicroUsdPerHour }, f) => {
        const nano = BigInt(restHours[f] as number) * BigInt(onDemandMicroUsdPerHour);
        cost += nano * BigInt(factors[m] as number) * (PAYMENT_SCALE / 1_000_000_000n);
      });
    });
    return cost;
  });
  const expected = byScenario.reduce(
    (sum, cost, s) => sum + cost * BigInt((scenarios[s] as { weight: number }).weight),
    0n,
  );
  return {
    expectedNanoUsd: toNanoUsd(expected, PAYMENT_SCALE * BigInt(weights)),
    byScenarioNanoUsd: byScenario.map((cost) => toNanoUsd(cost)),
    commitmentsNanoUsd: toNanoUsd(commitments),
    coverage: eligible === 0 ? 0 : covered / eligible,
    utilization: purchased === 0 ? 0 : used / purchased,
  };
}
