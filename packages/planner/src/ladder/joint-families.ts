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
