import type { CaseInstance, CaseType } from "../case/packing-case.ts";
import { holdsAlone } from "./open-node.ts";

/** A zone with all that runs there, in the order of the case, and what can be bought there. */
export interface ZoneDemand {
  readonly zone: string;
  readonly instances: readonly CaseInstance[];
  readonly types: readonly CaseType[];
}

/**
 * Gives each instance its zone, for policies that pack a zone at a time. Of several it goes where its cluster has the fewest
 * so far, then where all have the fewest, then to the first by name; only where some type holds it. Zones in order of names.
 *
 * Throws a RangeError that names an instance which no type holds in its zones.
 */
export function spreadOverZones(instances: readonly CaseInstance[], types: readonly CaseType[]): readonly ZoneDemand[] {
  const zones = [...new Set(types.flatMap((type) => type.zones))].sort();
  const demands = zones.map((zone) => ({
    zone,
    instances: [] as CaseInstance[],
    types: types.filter((type) => type.zones.includes(zone)),
    ofCluster: new Map<string, number>(),
  }));
  for (const instance of instances) {
    const { cluster } = instance;
    const siblings = (demand: { ofCluster: ReadonlyMap<string, number> }) =>
      cluster === undefined ? 0 : (demand.ofCluster.get(cluster) ?? 0);
    const [first] = demands
      .filter(({ zone, types }) => instance.zones.includes(zone) && types.some((type) => holdsAlone(type, instance)))
      .sort((a, b) => siblings(a) - siblings(b) || a.instances.length - b.instances.length);
    if (first === undefined) throw new RangeError(`${instance.name} fits no machine type in its zones`);
    first.instances.push(instance);
    if (cluster !== undefined) first.ofCluster.set(cluster, siblings(first) + 1);
  }
  return demands;
}
