import type { PlanningCase } from "./planning-case.ts";

/** Families that demand may choose between, directly or through others: each group of them, every family in one. */
export function jointFamilies({ families, demands }: PlanningCase): readonly (readonly number[])[] {
  const group = families.map((_, f) => f);
  for (const { options } of demands) {
    const joined = new Set(options.map(({ family }) => group[family] as number));
    const least = Math.min(...joined);
    group.forEach((one, f) => {
      if (joined.has(one)) group[f] = least;
    });
  }
  return [...new Set(group)].map((one) => families.flatMap((_, f) => (group[f] === one ? [f] : [])));
}

/**
 * Groups of families whose long commitments are limited together: those that share demand, and for each savings plan, bought or
 * held, all that share demand with a family that it serves. Each group of families once.
 */
export function limitedGroups(planning: PlanningCase): readonly (readonly number[])[] {
  const joint = jointFamilies(planning);
  const served = [...planning.products, ...planning.held].flatMap((one) =>
    one.kind === "savings_plan" ? [servedGroup(joint, one.rates)] : [],
  );
  const groups = new Map([...joint, ...served].map((group) => [group.join(" "), group]));
  return [...groups.values()];
}

/** All families that share demand with one of those that have a rate. */
export function servedGroup(joint: readonly (readonly number[])[], rates: readonly number[]): readonly number[] {
  return joint
    .filter((group) => group.some((f) => rates[f] !== 0))
    .flat()
    .toSorted((a, b) => a - b);
}

/** What demand of a group of families costs on demand at the least: nano-dollars an hour. */
export function cheapestNanoUsdPerHour(
  { families, demands }: PlanningCase,
  group: readonly number[],
  milliUnits: readonly number[],
): number {
  return demands.reduce((sum, { options }, d) => {
    if (!group.includes(options[0]?.family ?? -1)) return sum;
    const costs = options.map(
      (o) =>
        ((families[o.family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour * o.milliUnits) / 1_000,
    );
    return sum + Math.min(...costs) * (milliUnits[d] as number);
  }, 0);
}
