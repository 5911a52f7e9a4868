import type { HeldCommitment, PlanFamily, PlanningCase, Product } from "./planning-case.ts";

/**
 * What one unit or step of a commitment replaces on demand at the most: the measure by which commitments of all kinds are
 * added up for the guard rails. Micro-dollars an hour, whole for reserved instances.
 */
export function worthOf({ families }: PlanningCase, product: Product): number {
  if (product.kind === "reserved") return (families[product.family] as PlanFamily).onDemandMicroUsdPerHour;
  return product.stepMicroUsdPerHour * bestRatio(families, product.rates);
}

/** Of all its units together. */
export function worthOfHeld({ families }: PlanningCase, held: HeldCommitment): number {
  if (held.kind === "reserved") return held.units * (families[held.family] as PlanFamily).onDemandMicroUsdPerHour;
  return held.committedMicroUsdPerHour * bestRatio(families, held.rates);
}

function bestRatio(families: readonly PlanFamily[], rates: readonly number[]): number {
  return rates.reduce(
    (most, rate, f) => (rate === 0 ? most : Math.max(most, (families[f] as PlanFamily).onDemandMicroUsdPerHour / rate)),
    1,
  );
}
