import { seededRandom } from "@berth/domain";
import {
  type HeldCommitment,
  type PlanFamily,
  type PlanningCase,
  type Product,
  type Purchase,
  TERM_MONTHS,
} from "../ladder/planning-case.ts";

/** A small case of everything that there is: families that share demand, savings plans, commitments held, discount, risk. */
export function randomPlanningCase(seed: number): PlanningCase {
  const random = seededRandom(seed);
  const months = 2 + random.integer(14);
  const families = Array.from({ length: 1 + random.integer(3) }, (_, f): PlanFamily => {
    const unit = `m${f}z.xlarge`;
    return {
      name: `m${f}z`,
      unit,
      onDemandMicroUsdPerHour: 100_001 + random.integer(200_000),
      sizes: [{ machineType: unit, units: 1 }],
    };
  });
  const demands = families.map((_, f) => ({
    name: `d${f}`,
    options: [
      { family: f, milliUnits: 1_000 },
      ...(random.chance(30) && families.length > 1
        ? [{ family: (f + 1) % families.length, milliUnits: 500 + random.integer(1_000) }]
        : []),
    ],
  }));
  const price = (f: number) => (families[f] as PlanFamily).onDemandMicroUsdPerHour;
  const rates = () =>
    families.map((_, f) => (random.chance(80) ? Math.round(price(f) * (0.5 + 0.3 * random.fraction())) : 0));
  const products = families.flatMap((_, f): Product[] =>
    (["1y", "3y"] as const).map((term): Product => {
      const effective = price(f) * (term === "1y" ? 0.63 : 0.44);
      const share = random.integer(3) / 2;
      return {
        kind: "reserved",
        name: `m${f}z ${term}`,
        family: f,
        term,
        offeringClass: "standard",
        paymentOption: (["no_upfront", "partial_upfront", "all_upfront"] as const)[share * 2] ?? "no_upfront",
        upfrontMicroUsd: Math.round((effective * share * TERM_MONTHS[term] * 730) / 1e6) * 1_000_000,
        hourlyMicroUsd: Math.round(effective * (1 - share)),
      };
    }),
  );
  if (random.chance(50)) {
    const paymentOption = random.pick(["no_upfront", "partial_upfront", "all_upfront"] as const);
    products.push({
      kind: "savings_plan",
      name: "sp",
      term: "1y",
      paymentOption,
      stepMicroUsdPerHour: 100_000,
      rates: rates(),
    });
  }
  const held: HeldCommitment[] = [];
  if (random.chance(50)) {
    const term = random.pick(["1y", "3y"] as const);
    const startMonth = -random.integer(11);
    const endMonth = startMonth + TERM_MONTHS[term];
    held.push({
      kind: "reserved",
      name: "ri",
      family: 0,
      term,
      units: 1 + random.integer(4),
      hourlyMicroUsd: 50_000,
      startMonth,
      endMonth,
    });
  }
  if (random.chance(30)) {
    held.push({
      kind: "savings_plan",
      name: "sp",
      term: "1y",
      paymentOption: "partial_upfront",
      committedMicroUsdPerHour: 2 * random.integer(400_000),
      rates: rates(),
      startMonth: -3,
      endMonth: 9,
    });
  }
  return {
    months,
    families,
    demands,
    products,
    held,
    scenarios: Array.from({ length: 1 + random.integer(3) }, (_, s) => ({
      name: `s${s}`,
      weight: 1 + random.integer(3),
      months: Array.from({ length: months }, () =>
        [300, 430].map((hours) => ({ hours, milliUnits: demands.map(() => random.integer(12_000)) })),
      ),
    })),
    discountPercent: random.pick([0, 0, 8]),
    risk: { alphaPercent: 95, weightPercent: random.pick([0, 0, 40]), mostLossMicroUsd: undefined },
    guardRails: random.chance(50),
  };
}

export function randomPurchases({ products, months }: PlanningCase, seed: number): readonly Purchase[] {
  const random = seededRandom(seed);
  return products.flatMap((_, product) =>
    Array.from({ length: months }, (__, month) => ({ product, month, count: random.integer(3) })).filter(
      ({ count }) => count > 0 && random.chance(40),
    ),
  );
}
