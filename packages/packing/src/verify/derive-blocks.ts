import { ascending, type Capacity, type ReadCase } from "./read-case.ts";

/** What a block of the certificate must say, from the input files alone. */
export interface DerivedBlock {
  readonly zones: readonly string[];
  /** By classKey: how many instances there are. */
  readonly demand: ReadonlyMap<string, number>;
  /** By offerKey. */
  readonly offers: ReadonlyMap<string, DerivedOffer>;
}

export interface DerivedOffer extends Capacity {
  readonly priceMicroUsdPerHour: number;
}

interface Sized {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly zones: readonly string[];
}

/** Instances of equal sizes and equal zones are one class. */
export function classKey({ cpuMilli, memoryMib, volumes, zones }: Sized): string {
  return JSON.stringify([cpuMilli, memoryMib, volumes, zones]);
}

export function offerKey(type: string, zone: string): string {
  return JSON.stringify([type, zone]);
}

/**
 * Zones to which an instance may go, joined into blocks where an instance may go to several of them, in the order of their
 * first zone. Nothing leaves a block: its instances go to its zones, and those take no others.
 */
export function deriveBlocks({ types, instances }: ReadCase): readonly DerivedBlock[] {
  const demand = new Map<string, number>();
  const classes: Sized[] = [];
  for (const instance of instances) {
    const key = classKey(instance);
    const before = demand.get(key) ?? 0;
    if (before === 0) classes.push(instance);
    demand.set(key, before + 1);
  }
  return joinZones(classes.map(({ zones }) => zones)).map((zones) => {
    const inside = new Set(zones);
    return {
      zones,
      demand: new Map(
        classes
          .filter((one) => one.zones.some((zone) => inside.has(zone)))
          .map((one) => [classKey(one), demand.get(classKey(one)) ?? 0]),
      ),
      offers: new Map(
        types.flatMap((type) =>
          type.zones.filter((zone) => inside.has(zone)).map((zone) => [offerKey(type.name, zone), type] as const),
        ),
      ),
    };
  });
}

/** Connected components of the sets, each ascending. O(sets x zones): there are few of either. */
function joinZones(sets: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let components: (readonly string[])[] = [];
  for (const set of sets) {
    const touched = components.filter((component) => component.some((zone) => set.includes(zone)));
    components = components.filter((component) => !touched.includes(component));
    components.push(ascending([...touched.flat(), ...set]));
  }
  return components.sort(([a = ""], [b = ""]) => (a < b ? -1 : a > b ? 1 : 0));
}
