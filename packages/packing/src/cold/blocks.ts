import { lowerPrice, type ValuedCommitment } from "../case/commitments.ts";
import type { CaseInstance, CaseType, PackingCase } from "../case/packing-case.ts";
import type { VectorProblem } from "./vector-problem.ts";

/** CPU, memory, volumes and instances: the dimensions of a machine, in this order. */
export const DIMENSIONS = 4;

/** Zones that share demand, as a problem of its own. */
export interface Block {
  /** In ascending order; `zoneOf` and `admits` of the problem count in it. */
  readonly zones: readonly string[];
  readonly classes: readonly BlockClass[];
  /** By offer of the problem. */
  readonly offers: readonly BlockOffer[];
  readonly problem: VectorProblem;
  readonly instances: readonly CaseInstance[];
  /** Of each instance of the block. */
  readonly classOf: Int32Array;
}

export interface BlockClass {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** In ascending order. */
  readonly zones: readonly string[];
  readonly demand: number;
}

export interface BlockOffer {
  readonly type: CaseType;
  readonly zone: string;
}

/**
 * Parts a case into blocks: two zones are in one when some instance may go to either. Blocks in the order of their zones.
 * Where types have a lower price by a commitment, the problem's prices are that.
 */
export function blocksOf(packingCase: PackingCase, commitments: readonly ValuedCommitment[]): Block[] {
  const parent = new Map<string, string>();
  const rootOf = (zone: string): string => {
    const up = parent.get(zone);
    return up === undefined || up === zone ? zone : rootOf(up);
  };
  for (const { zones } of packingCase.instances) {
    const first = zones[0] as string;
    for (const zone of zones) {
      if (!parent.has(zone)) parent.set(zone, zone);
      parent.set(rootOf(zone), rootOf(first));
    }
  }
  const members = new Map<string, string[]>();
  for (const zone of [...parent.keys()].sort()) {
    const root = rootOf(zone);
    members.set(root, [...(members.get(root) ?? []), zone]);
  }
  return [...members.values()].map((zones) => {
    const inside = new Set(zones);
    const instances = packingCase.instances.filter(({ zones: allowed }) => inside.has(allowed[0] as string));
    return blockOf(zones, instances, packingCase.types, commitments);
  });
}

function blockOf(
  zones: readonly string[],
  instances: readonly CaseInstance[],
  types: readonly CaseType[],
  commitments: readonly ValuedCommitment[],
): Block {
  const index = new Map<string, number>();
  const classes: (BlockClass & { demand: number })[] = [];
  const classOf = Int32Array.from(instances, ({ cpuMilli, memoryMib, volumes, zones: allowed }) => {
    const sorted = [...new Set(allowed)].sort();
    const key = JSON.stringify([cpuMilli, memoryMib, volumes, sorted]);
    const known = index.get(key);
    if (known !== undefined) {
      (classes[known] as { demand: number }).demand += 1;
      return known;
    }
    index.set(key, classes.length);
    classes.push({ cpuMilli, memoryMib, volumes, zones: sorted, demand: 1 });
    return classes.length - 1;
  });
  const offers = types.flatMap((type) =>
    [...new Set(type.zones)].filter((zone) => zones.includes(zone)).map((zone) => ({ type, zone })),
  );
  return {
    zones,
    classes,
    offers,
    instances,
    classOf,
    problem: {
      dimensions: DIMENSIONS,
      classes: classes.length,
      sizes: Int32Array.from(classes.flatMap(({ cpuMilli, memoryMib, volumes }) => [cpuMilli, memoryMib, volumes, 1])),
      demand: Int32Array.from(classes, ({ demand }) => demand),
      offers: offers.length,
      capacities: Int32Array.from(
        offers.flatMap(({ type }) => [type.cpuMilli, type.memoryMib, type.volumes, type.instances]),
      ),
      prices: Float64Array.from(offers, ({ type }) => lowerPrice(type, commitments)),
      zoneOf: Int32Array.from(offers, ({ zone }) => zones.indexOf(zone)),
      admits: Uint8Array.from(zones.flatMap((zone) => classes.map((one) => (one.zones.includes(zone) ? 1 : 0)))),
      countsInstances: true,
    },
  };
}
