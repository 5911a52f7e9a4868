import type { FleetDemand } from "./demand-base.ts";
import type { FleetFamily } from "./plan-family.ts";

/** What a unit of a family costs by each way to pay for it, in dollars for the whole term or for an hour: less is better. */
export type FamilyRates = ReadonlyMap<string, number>;

/** Prices on demand this near to one another are no reason to take one of two families: packing is not nearer. */
const NEAR = 1.005;

/**
 * Of the families that may serve a demand those that some plan would buy for it: one is left out where another costs no more by
 * any way to pay, and about the same on demand. What is held of it is used all the same: then it stays, and nothing more is bought
 * of it. Each choice that is left makes a plan much harder to find, and most are none: m5 and m6i cost the same.
 */
export function worthwhileFamilies(
  demands: readonly FleetDemand[],
  families: readonly FleetFamily[],
  ratesOf: (family: string) => FamilyRates,
  isHeld: (family: string) => boolean,
): { readonly demands: readonly FleetDemand[]; readonly bought: ReadonlySet<string> } {
  const onDemand = new Map(families.map(({ name, unitMicroUsdPerHour }) => [name, unitMicroUsdPerHour]));
  const isNoBetter = (one: Option, other: Option) =>
    (onDemand.get(other.family) ?? 0) * other.units <= (onDemand.get(one.family) ?? 0) * one.units * NEAR &&
    [...ratesOf(one.family)].every(
      ([way, rate]) => (ratesOf(other.family).get(way) ?? Number.POSITIVE_INFINITY) * other.units <= rate * one.units,
    );
  const bought = new Set<string>();
  const kept = demands.map((demand) => {
    // One after the other, so that of two that are alike one stays: its own family, which is the first.
    const best = demand.families.reduceRight<readonly Option[]>(
      (left, one) =>
        left.some((other) => other !== one && isNoBetter(one, other)) ? left.filter((o) => o !== one) : left,
      demand.families,
    );
    for (const { family } of best) bought.add(family);
    return { ...demand, families: demand.families.filter((one) => best.includes(one) || isHeld(one.family)) };
  });
  return { demands: kept, bought };
}

type Option = FleetDemand["families"][number];
