import type { CaseInstance, CaseType, PackingCase } from "../case/packing-case.ts";
import { machineTypeOf } from "./fleet-case.ts";

/** What a simulation changes. Absent: as it is. */
export interface WhatIf {
  /** Machine families that are not to be had, as `m6a`. */
  readonly withoutFamilies?: readonly string[];
  /** Zones that are out: what is there is made again elsewhere, from backups. */
  readonly withoutZones?: readonly string[];
  /** So many times the clusters: 2 is each twice, 1.5 every other one twice, 0.5 every other one gone. */
  readonly customers?: number;
  /** Clusters that come to those of the fleet. */
  readonly newClusters?: readonly NewClusters[];
  /** Most instances of one machine. */
  readonly instancesPerMachine?: number;
}

/** So many clusters of so many instances each, of one size of the catalogue, with one volume an instance. */
export interface NewClusters {
  readonly clusters: number;
  readonly instances: number;
  readonly size: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

export interface ChangedCase {
  /** What can be packed. */
  readonly packing: PackingCase;
  /** Instances whose volumes are in a zone that is out. */
  readonly restoredElsewhere: number;
  /** Instances that fit nothing that is left: they are not in the case. */
  readonly withoutPlace: number;
}

/** The case as it would be. A cluster of a new customer has a new tenant of its own. O(instances x types). */
export function changeCase({ types, instances }: PackingCase, whatIf: WhatIf): ChangedCase {
  const { withoutFamilies = [], withoutZones = [], customers = 1, newClusters = [], instancesPerMachine } = whatIf;
  const left = types
    .filter(({ name }) => !withoutFamilies.includes(familyOf(name)))
    .map((type): CaseType => {
      const slots = Math.min(type.instances, instancesPerMachine ?? type.instances);
      return { ...type, instances: slots, zones: type.zones.filter((zone) => !withoutZones.includes(zone)) };
    })
    .filter(({ zones }) => zones.length > 0);
  const zonesLeft = [...new Set(left.flatMap(({ zones }) => zones))].sort();
  let restoredElsewhere = 0;
  let withoutPlace = 0;
  const packed: CaseInstance[] = [];
  const anywhere = [...new Set(types.flatMap(({ zones }) => zones))].sort();
  for (const instance of [...times(instances, customers), ...newInstances(newClusters, anywhere)]) {
    const zones = instance.zones.filter((zone) => !withoutZones.includes(zone));
    const isLost = zones.length === 0;
    const moved = { ...instance, zones: isLost ? zonesLeft : zones };
    if (!left.some((type) => holds(type, moved))) withoutPlace += 1;
    else {
      // Headroom is of nobody, and has nothing to restore.
      if (isLost && instance.cluster !== undefined) restoredElsewhere += 1;
      packed.push(moved);
    }
  }
  return { packing: { types: left, instances: packed }, restoredElsewhere, withoutPlace };
}

/** The case with another cap, as if the kubelets reserved what they do now. */
export function withCap({ types, instances }: PackingCase, cap: number): PackingCase {
  return { instances, types: types.map((type) => ({ ...type, instances: cap })) };
}

const familyOf = (name: string): string => machineTypeOf(name).split(".")[0] ?? name;

function holds(type: CaseType, { cpuMilli, memoryMib, volumes, zones }: CaseInstance): boolean {
  return (
    type.cpuMilli >= cpuMilli &&
    type.memoryMib >= memoryMib &&
    type.volumes >= volumes &&
    type.instances >= 1 &&
    type.zones.some((zone) => zones.includes(zone))
  );
}

/** Each cluster of a tenant of its own. Their volumes are not there yet: they choose their zones. */
function newInstances(mix: readonly NewClusters[], zones: readonly string[]): CaseInstance[] {
  return mix.flatMap(({ clusters, instances, cpuMilli, memoryMib }, entry) =>
    Array.from({ length: clusters * instances }, (_, at): CaseInstance => {
      const cluster = `new-${entry}-${Math.floor(at / instances)}`;
      return { name: `${cluster}-${at % instances}`, cluster, tenant: cluster, cpuMilli, memoryMib, volumes: 1, zones };
    }),
  );
}

/** Clusters, as a whole, so many times: the first copy keeps its names. What is of no cluster stays once. */
function times(instances: readonly CaseInstance[], customers: number): CaseInstance[] {
  const clusters = [...new Set(instances.flatMap(({ cluster }) => cluster ?? []))];
  const copiesOf = new Map(
    // The copies of the first so many clusters are the whole part of so many times the factor: spread evenly.
    clusters.map((cluster, n) => [cluster, Math.floor((n + 1) * customers) - Math.floor(n * customers)]),
  );
  return instances.flatMap((instance) => {
    const { name, cluster, tenant } = instance;
    if (cluster === undefined) return [instance];
    return Array.from({ length: copiesOf.get(cluster) ?? 0 }, (_, copy): CaseInstance => {
      if (copy === 0) return instance;
      const mark = `-${copy + 1}`;
      return { ...instance, name: name + mark, cluster: cluster + mark, tenant: tenant && tenant + mark };
    });
  });
}
