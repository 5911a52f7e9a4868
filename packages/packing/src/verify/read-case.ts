import { type At, FormatError, field, has, itemsOf, millionthsOf, stringOf, wholeOf } from "./fields.ts";
import { readJson } from "./read-json.ts";

/** What the two input files say, in the certificate's units; allocatable, not nominal. */
export interface ReadCase {
  readonly types: readonly ReadType[];
  readonly instances: readonly ReadInstance[];
}

export interface Capacity {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly instances: number;
}

export interface ReadType extends Capacity {
  readonly name: string;
  readonly priceMicroUsdPerHour: number;
  readonly zones: readonly string[];
}

export interface ReadInstance {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** Ascending, each once, at least one. */
  readonly zones: readonly string[];
}

/**
 * Reads types.json and instances.json, both formats of each, told apart row by row: Karpenter's names memory `memMiB`. A
 * Karpenter row has no volumes, its capacity is gross and its price in dollars; reservations that are not there are 0, and leave at least 0. What the
 * formats do not know is ignored.
 *
 * An instance that names no zone may go to each zone of the types. Throws FormatError or JsonError.
 */
export function readCase(typesText: string, instancesText: string): ReadCase {
  const types = itemsOf({ value: readJson(typesText), place: "types.json " }).map(readType);
  refuseOfferedTwice(types);
  const everywhere = ascending(types.flatMap((type) => type.zones));
  const rows = itemsOf({ value: readJson(instancesText), place: "instances.json " });
  const names = new Set<string>();
  const instances = rows.map((row) => {
    const name = stringOf(field(row, "name"));
    if (names.has(name)) throw new FormatError(`${row.place}.name is there twice: ${name}`);
    names.add(name);
    return readInstance(row, everywhere);
  });
  return { types, instances };
}

function readType(row: At): ReadType {
  const name = stringOf(field(row, "name"));
  const zones = ascending(itemsOf(field(row, "zones")).map(stringOf));
  if (!isKarpenters(row)) {
    return {
      name,
      priceMicroUsdPerHour: wholeOf(field(row, "priceMicroUsdPerHour")),
      cpuMilli: wholeOf(field(row, "cpuMilli")),
      memoryMib: wholeOf(field(row, "memoryMib")),
      volumes: wholeOf(field(row, "volumes")),
      instances: wholeOf(field(row, "instances")),
      zones,
    };
  }
  const less = (gross: string, reserved: string): number =>
    Math.max(0, wholeOf(field(row, gross)) - (has(row, reserved) ? wholeOf(field(row, reserved)) : 0));
  return {
    name,
    priceMicroUsdPerHour: millionthsOf(field(row, "price")),
    cpuMilli: less("cpuMilli", "reservedCpuMilli"),
    memoryMib: less("memMiB", "reservedMemMiB"),
    volumes: 0,
    instances: wholeOf(field(row, "pods")),
    zones,
  };
}

function readInstance(row: At, everywhere: readonly string[]): ReadInstance {
  const karpenters = isKarpenters(row);
  return {
    cpuMilli: wholeOf(field(row, "cpuMilli")),
    memoryMib: wholeOf(field(row, karpenters ? "memMiB" : "memoryMib")),
    volumes: karpenters ? 0 : wholeOf(field(row, "volumes")),
    zones: readZones(row, karpenters, everywhere),
  };
}

function readZones(row: At, karpenters: boolean, everywhere: readonly string[]): readonly string[] {
  const zone = has(row, "zone") ? stringOf(field(row, "zone")) : undefined;
  const zones = has(row, "zones") ? ascending(itemsOf(field(row, "zones")).map(stringOf)) : undefined;
  if (zone !== undefined && zones !== undefined) throw new FormatError(`${row.place} has both zone and zones`);
  // Karpenter's pods without a zone may carry an empty one.
  const named = zones ?? (zone === undefined || (karpenters && zone === "") ? everywhere : [zone]);
  if (named.length === 0) throw new FormatError(`${row.place} may go to no zone`);
  return named;
}

function isKarpenters(row: At): boolean {
  return has(row, "memMiB");
}

function refuseOfferedTwice(types: readonly ReadType[]): void {
  const seen = new Set<string>();
  types.forEach(({ name, zones }, index) => {
    for (const zone of zones) {
      const offer = JSON.stringify([name, zone]);
      if (seen.has(offer)) throw new FormatError(`types.json [${index}] offers ${name} in ${zone} a second time`);
      seen.add(offer);
    }
  });
}

/** Each once, by code units. */
export function ascending(zones: readonly string[]): readonly string[] {
  return [...new Set(zones)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
