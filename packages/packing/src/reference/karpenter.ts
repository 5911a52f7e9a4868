import type { CaseInstance, CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";
import { byPrice, holdsAlone, type OpenNode, openNode, planNode, put, type Room, takes } from "./open-node.ts";

export interface KarpenterOptions {
  /** Node pools as lists of names of types, the highest weight first; one pool of all types when absent. */
  readonly pools?: readonly (readonly string[])[];
  /** Whether it counts attachments. The real one does for volumes that exist, and for new ones on new machines does not. */
  readonly knowsVolumes: boolean;
}

/** A machine to be, whose type is open: every type and zone that is left holds all of its instances. */
interface Claim {
  readonly node: OpenNode;
  types: readonly CaseType[];
  zones: readonly string[];
  /** The most of each dimension over `types`: what exceeds this fits none. */
  room: Room;
}

/**
 * Karpenter's provisioning from an empty fleet, restated (1.14; its consolidation is not part of it).
 *
 * Instances by CPU, then memory, the largest first, equal ones in the order of the case. Each goes to the first open claim
 * that takes it, those with the fewest instances first and of these the older ones; types that cannot hold all of a claim drop
 * out of it. Else it opens a claim in the first pool that has a type for it, with all such types of that pool. Only when all
 * is placed does price count: each claim becomes its cheapest remaining type. The real one leaves the order of claims with
 * equally many instances to an unstable sort; on ES-10k both pay the same (bench/karpenter).
 *
 * Conflicts are kept, as anti-affinity. Relaxed, as it cannot be asked: a tenant's share. Not modelled: the spread of a cluster
 * over zones. Without `knowsVolumes` a plan may exceed the attachments. Throws a RangeError that names an instance which no
 * type of the pools holds in its zones. O(instances x claims x types).
 */
export function karpenter(packing: PackingCase, options: KarpenterOptions): readonly PlanNode[] {
  const sorted = byPrice(packing.types);
  const pools = options.pools?.map((names) => sorted.filter((type) => names.includes(type.name))) ?? [sorted];
  const instances = options.knowsVolumes
    ? packing.instances
    : packing.instances.map((instance) => ({ ...instance, volumes: 0 }));
  const queue = [...instances].sort((a, b) => b.cpuMilli - a.cpuMilli || b.memoryMib - a.memoryMib);

  const claims: Claim[] = [];
  for (const instance of queue) {
    const index = claims.findIndex((claim) => extend(claim, instance));
    const [claim = openClaim(pools, instance)] = index < 0 ? [] : claims.splice(index, 1);
    claims.splice(placeOf(claims, claim, index), 0, claim);
  }
  return claims.map(({ node, types, zones }) => {
    const [cheapest] = types as [CaseType];
    const zone = zones.find((one) => cheapest.zones.includes(one)) as string;
    return planNode(cheapest, zone, node.instances);
  });
}

/** Puts the instance into the claim when a type and a zone remain. Says whether it did. */
function extend(claim: Claim, instance: CaseInstance): boolean {
  if (!takes(claim.node, instance, claim.room)) return false;
  const zones = claim.zones.filter((zone) => instance.zones.includes(zone));
  const types = claim.types.filter(
    (type) => takes(claim.node, instance, type) && zones.some((zone) => type.zones.includes(zone)),
  );
  if (types.length === 0) return false;
  Object.assign(claim, { types, zones, room: mostOf(types) });
  put(claim.node, instance);
  return true;
}

function openClaim(pools: readonly (readonly CaseType[])[], instance: CaseInstance): Claim {
  for (const types of pools) {
    const claim: Claim = { node: openNode(), types, zones: instance.zones, room: mostOf(types) };
    if (types.some((type) => holdsAlone(type, instance)) && extend(claim, instance)) return claim;
  }
  throw new RangeError(`${instance.name} fits no machine type in its zones`);
}

function mostOf(types: readonly CaseType[]): Room {
  const most = (of: (type: CaseType) => number) => types.reduce((max, type) => Math.max(max, of(type)), 0);
  return {
    cpuMilli: most((type) => type.cpuMilli),
    memoryMib: most((type) => type.memoryMib),
    volumes: most((type) => type.volumes),
    instances: most((type) => type.instances),
  };
}

/** Where a claim goes in the order by count: one that has grown before its equals, as it came from before them; a new one behind. */
function placeOf(claims: readonly Claim[], claim: Claim, from: number): number {
  const count = claim.node.instances.length;
  const isNew = from < 0;
  let at = isNew ? 0 : from;
  while (at < claims.length) {
    const other = (claims[at] as Claim).node.instances.length;
    if (isNew ? other > count : other >= count) break;
    at++;
  }
  return at;
}
