import type { CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";
import { byPrice, holdsAlone, planNode } from "./open-node.ts";
import { spreadOverZones } from "./spread-over-zones.ts";

/**
 * One machine per instance, of the cheapest type that holds it: what a hosting company pays that gives each customer's node
 * a VM of its own. docs/packing.md measures packing against it.
 *
 * A fair comparison gives it a case with smaller types than a pool of shared machines has. Nothing is relaxed: nodes of one
 * keep every rule. Throws a RangeError that names an instance which no type holds in its zones. O(instances x types).
 */
export function oneMachineEach(packing: PackingCase): readonly PlanNode[] {
  return spreadOverZones(packing.instances, byPrice(packing.types)).flatMap(({ zone, instances, types }) =>
    instances.map((instance) => {
      const cheapest = types.find((type) => holdsAlone(type, instance)) as CaseType;
      return planNode(cheapest, zone, [instance]);
    }),
  );
}
