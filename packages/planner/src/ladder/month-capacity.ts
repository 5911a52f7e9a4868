import { flexibleChoices } from "./flexible-choices.ts";
import { type HeldCommitment, type PlanningCase, type Product, type Purchase, TERM_MONTHS } from "./planning-case.ts";
import type { Capacity, SavingsUse } from "./serve-hour.ts";

/**
 * What commitments, held and bought, can do in each month. Pools of savings plans are the products that are plans, in their
 * order, then each plan held. O(months x (commitments + pools x families)).
 */
export function monthCapacities(planning: PlanningCase, purchases: readonly Purchase[]): readonly Capacity[] {
  const { months, families, products, held } = planning;
  const pools = savingsPools(planning);
  const savings = savingsUses(planning, pools);
  const choices = flexibleChoices(planning, savings);
  return Array.from({ length: months }, (_, month) => {
    const reserved = new Float64Array(families.length);
    const committed = new Array<number>(pools.length).fill(0);
    const add = (family: number, units: number) => {
      reserved[family] = (reserved[family] as number) + units * 1_000;
    };
    for (const one of held) {
      if (month < one.startMonth || month >= one.endMonth) continue;
      if (one.kind === "reserved") add(one.family, one.units);
      else committed[pools.indexOf(one)] = one.committedMicroUsdPerHour;
    }
    for (const { product: index, month: at, count } of purchases) {
      const product = products[index] as Product;
      if (month < at || month >= at + TERM_MONTHS[product.term]) continue;
      if (product.kind === "reserved") add(product.family, count);
      else {
        const pool = pools.indexOf(product);
        committed[pool] = (committed[pool] as number) + count * product.stepMicroUsdPerHour;
      }
    }
    return { reservedMilliUnits: reserved, savings, choices, committed };
  });
}

type Pool = Extract<Product | HeldCommitment, { kind: "savings_plan" }>;

function savingsPools({ products, held }: PlanningCase): readonly Pool[] {
  return [...products, ...held].filter((one): one is Pool => one.kind === "savings_plan");
}

/** Highest discount first; of the same the lowest rate, then the order of pools and families (Savings Plans user guide). */
function savingsUses({ families }: PlanningCase, pools: readonly Pool[]): readonly SavingsUse[] {
  const uses = pools.flatMap(({ rates }, pool) =>
    rates.map((rate, family) => ({ pool, family, rate })).filter(({ rate }) => rate > 0),
  );
  const price = (family: number) =>
    BigInt((families[family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour);
  return uses.toSorted((a, b) => {
    const left = BigInt(a.rate) * price(b.family);
    const right = BigInt(b.rate) * price(a.family);
    if (left !== right) return left < right ? -1 : 1;
    return a.rate - b.rate || a.pool - b.pool || a.family - b.family;
  });
}
