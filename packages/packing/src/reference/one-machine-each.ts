import type { CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";
import { byPrice, holdsAlone, planNode } from "./open-node.ts";
import { spreadOverZones } from "./spread-over-zones.ts";

/**
 * One machine per instance, of the cheapest type that holds it: what a hosting company pays that gives each customer's node
 * a VM of its own. docs/packing.md measures packing against it.
 *
 * `candidates` are the types to choose from, by default the case's; a fair comparison adds smaller sizes, as no pool has
 * machines that small. Nothing is relaxed: nodes of one keep every rule. Throws a RangeError that names an instance which no
 * candidate holds in its zones. O(instances x candidates).
 */
export function oneMachineEach(
  packing: PackingCase,
  candidates: readonly CaseType[] = packing.types,
): readonly PlanNode[] {
  return spreadOverZones(packing.instances, byPrice(candidates)).flatMap(({ zone, instances, types }) =>
    instances.map((instance) => {
      const cheapest = types.find((type) => holdsAlone(type, instance)) as CaseType;
      return planNode(cheapest, zone, [instance]);
    }),
  );
}
