import type { CaseInstance, CaseType } from "../case/packing-case.ts";
import { holdsAlone } from "./open-node.ts";

/** A zone with all that runs there, in the order of the case, and what can be bought there. */
export interface ZoneDemand {
  readonly zone: string;
  readonly instances: readonly CaseInstance[];
  readonly types: readonly CaseType[];
}

/** An instance with the zones in which some type holds it, and the one that it has. */
interface Choice {
  readonly instance: CaseInstance;
  readonly zones: readonly string[];
  zone: string | undefined;
}

/**
 * Gives each instance its zone, for policies that pack a zone at a time. The pinned ones first; one that may choose goes where
 * its cluster has the fewest so far, then where all have the fewest, then to the first by name; at last instances move for as
 * long as a cluster has two more in one zone than in another that one of them may choose. Zones in order of names.
 *
 * Throws a RangeError that names an instance which no type holds in its zones.
 */
export function spreadOverZones(instances: readonly CaseInstance[], types: readonly CaseType[]): readonly ZoneDemand[] {
  const zones = [...new Set(types.flatMap((type) => type.zones))].sort();
  const ofAll = new Map<string, number>();
  const ofCluster = new Map<string | undefined, Map<string, number>>();

  const siblings = ({ instance }: Choice, zone: string): number =>
    instance.cluster === undefined ? 0 : (ofCluster.get(instance.cluster)?.get(zone) ?? 0);
  const emptiest = (choice: Choice): string =>
    choice.zones.reduce((best, zone) => {
      const fewer = siblings(choice, zone) - siblings(choice, best) || (ofAll.get(zone) ?? 0) - (ofAll.get(best) ?? 0);
      return fewer < 0 ? zone : best;
    });
  const move = (choice: Choice, to: string): void => {
    const { cluster } = choice.instance;
    const mine = ofCluster.get(cluster) ?? new Map<string, number>();
    ofCluster.set(cluster, mine);
    for (const counts of [ofAll, mine]) {
      if (choice.zone !== undefined) counts.set(choice.zone, (counts.get(choice.zone) ?? 0) - 1);
      counts.set(to, (counts.get(to) ?? 0) + 1);
    }
    choice.zone = to;
  };

  const choices = instances.map((instance) => choiceOf(instance, zones, types));
  for (const choice of choices) if (choice.zones.length === 1) move(choice, emptiest(choice));
  const free = choices.filter((choice) => choice.zones.length > 1);
  for (const choice of free) move(choice, emptiest(choice));
  // Each move lowers the sum of the squares of a cluster's counts: it ends.
  for (let moved = true; moved; ) {
    moved = false;
    for (const choice of free) {
      const to = emptiest(choice);
      if (siblings(choice, choice.zone as string) - siblings(choice, to) < 2) continue;
      move(choice, to);
      moved = true;
    }
  }
  return zones.map((zone) => ({
    zone,
    instances: choices.filter((choice) => choice.zone === zone).map((choice) => choice.instance),
    types: types.filter((type) => type.zones.includes(zone)),
  }));
}

function choiceOf(instance: CaseInstance, zones: readonly string[], types: readonly CaseType[]): Choice {
  const possible = zones.filter(
    (zone) =>
      instance.zones.includes(zone) && types.some((type) => type.zones.includes(zone) && holdsAlone(type, instance)),
  );
  if (possible.length === 0) throw new RangeError(`${instance.name} fits no machine type in its zones`);
  return { instance, zones: possible, zone: undefined };
}
