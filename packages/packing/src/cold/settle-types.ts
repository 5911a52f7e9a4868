import type { Commitment } from "../case/commitments.ts";
import type { CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";

/**
 * Gives each node of a plan the type that makes the whole cheapest where some units are paid for: every node the cheapest type
 * that holds it, and then, where most is saved for a unit, one of a commitment while it has units. What runs where stays.
 * O(nodes x types + nodes x log nodes).
 */
export function settleTypes(
  { types, instances }: PackingCase,
  commitments: readonly Commitment[],
  plan: readonly PlanNode[],
): PlanNode[] {
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  const byPrice = types.toSorted((a, b) => a.priceMicroUsdPerHour - b.priceMicroUsdPerHour);
  const holding = plan.map((node) => {
    const load = { cpuMilli: 0, memoryMib: 0, volumes: 0 };
    for (const name of node.instances) {
      load.cpuMilli += byName.get(name)?.cpuMilli ?? 0;
      load.memoryMib += byName.get(name)?.memoryMib ?? 0;
      load.volumes += byName.get(name)?.volumes ?? 0;
    }
    return byPrice.filter(
      (type) =>
        type.zones.includes(node.zone) &&
        type.cpuMilli >= load.cpuMilli &&
        type.memoryMib >= load.memoryMib &&
        type.volumes >= load.volumes &&
        type.instances >= node.instances.length,
    );
  });
  const chosen = holding.map((able) => able[0] as CaseType);
  const ways = holding.flatMap((able, node) =>
    commitments.flatMap((commitment, index) => {
      const takers = able.flatMap((type) => ({ type, units: commitment.unitsOf.get(type.name) ?? 0 }));
      const least = takers.filter(({ units }) => units > 0).sort((a, b) => a.units - b.units)[0];
      if (least === undefined) return [];
      const own = (chosen[node] as CaseType).priceMicroUsdPerHour;
      return [{ node, index, ...least, saving: own / least.units - commitment.unitPriceMicroUsdPerHour }];
    }),
  );
  ways.sort((a, b) => b.saving - a.saving || a.node - b.node);
  const left = commitments.map(({ units }) => units);
  const settled = new Set<number>();
  for (const { node, index, type, units, saving } of ways) {
    if (saving <= 0 || settled.has(node) || units > (left[index] as number)) continue;
    left[index] = (left[index] as number) - units;
    chosen[node] = type;
    settled.add(node);
  }
  return plan.map(({ zone, instances: names }, node) => {
    const { name, priceMicroUsdPerHour } = chosen[node] as CaseType;
    return { type: name, zone, priceMicroUsdPerHour, instances: names };
  });
}
