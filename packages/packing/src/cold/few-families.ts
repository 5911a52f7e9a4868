import type { CaseInstance, CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";

/** `m7i` of `m7i.2xlarge`; a name without a dot is a family of its own. */
export function familyOf(type: string): string {
  return type.split(".", 1)[0] as string;
}

/**
 * The types of so many families: those that a plan spends most on, and further ones in that order as long as an instance
 * fits none. Reservations that are flexible in size pool inside a family, so few families lose less of them.
 * O(families x classes x types).
 */
export function fewFamilies(
  { types, instances }: PackingCase,
  plan: readonly PlanNode[],
  most: number,
): readonly CaseType[] {
  const spent = new Map(types.map(({ name }) => [familyOf(name), 0]));
  for (const { type, priceMicroUsdPerHour } of plan) {
    spent.set(familyOf(type), (spent.get(familyOf(type)) ?? 0) + priceMicroUsdPerHour);
  }
  const ranked = [...spent].sort(([a, much], [b, more]) => more - much || (a < b ? -1 : 1)).map(([family]) => family);
  const classes = new Map(
    instances.map((one) => [JSON.stringify([one.cpuMilli, one.memoryMib, one.volumes, one.zones]), one]),
  );
  for (let count = Math.max(1, most); ; count++) {
    const kept = new Set(ranked.slice(0, count));
    const chosen = types.filter(({ name }) => kept.has(familyOf(name)));
    if (count >= ranked.length || [...classes.values()].every((one) => fitsOneOf(one, chosen))) return chosen;
  }
}

function fitsOneOf({ zones, cpuMilli, memoryMib, volumes }: CaseInstance, types: readonly CaseType[]): boolean {
  return types.some(
    (type) =>
      type.zones.some((zone) => zones.includes(zone)) &&
      type.cpuMilli >= cpuMilli &&
      type.memoryMib >= memoryMib &&
      type.volumes >= volumes,
  );
}
