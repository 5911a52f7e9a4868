import { type CaseFault, CaseFaults, err, type Fields, ok, type Result, readList } from "@berth/domain";
import { fitFaults } from "./fit-faults.ts";
import type { CaseInstance, CaseType, PackingCase } from "./packing-case.ts";
import { readZone, readZones } from "./zone-fields.ts";

/**
 * A case from the two files of docs/packing.md section 7, parsed as JSON; each file may be in our format or in that of the
 * Karpenter harness (memory as `memMiB`, price in dollars, capacity and reservations apart, no volumes).
 *
 * Strict where a plan could go wrong: whole numbers within limits that keep every sum below 2^53, unique names, zones that
 * exist, an instance that fits somewhere. Fields that are not asked for are ignored. Zones come back in ascending order;
 * an instance that names none may go to any zone of the types. What reservations leave of a type is at least 0.
 *
 * Refuses with all faults in the order of the files, types first; only a case that can be read is looked at for instances
 * that fit nowhere. Takes O(types x zones x classes + instances x zones).
 */
export function readCase(types: unknown, instances: unknown): Result<PackingCase, CaseFault[]> {
  const faults = new CaseFaults();
  const readTypes = readList(types, "types", MOST_TYPES, readType, faults, "name");
  if (Array.isArray(types) && types.length === 0) faults.add("types", "must have at least one entry");
  const zones = [...new Set(readTypes.flatMap((type) => type.zones))].toSorted();
  // The zones of types that could not be read are not known either.
  const known = faults.any ? undefined : new Set(zones);
  const readInstances = readList(
    instances,
    "instances",
    MOST_INSTANCES,
    (fields) => readInstance(fields, zones, known),
    faults,
    "name",
  );
  if (!faults.any) fitFaults(readTypes, readInstances, faults);
  return faults.any ? err(faults.list()) : ok({ types: readTypes, instances: readInstances });
}

// A million instances of a billion each, or on machines of a billion each, add up to 10^15: below 2^53, and each fits 32 bits.
const MOST_AMOUNT = 1_000_000_000;
const MOST_TYPES = 100_000;
const MOST_INSTANCES = 1_000_000;
/** Of volumes or instances on one node. */
const MOST_COUNT = 1_000_000;
/** 1,000 dollars an hour: more than twice what the dearest machine costs (AWS, November 2026). */
const MOST_PRICE = 1_000_000_000;

/** Which of the two formats an entry is in: theirs has memory as `memMiB`. */
function isKarpenter(fields: Fields): boolean {
  if (fields.has("memMiB") && fields.has("memoryMib")) {
    fields.fault("memMiB", "must be left out where memoryMib is given");
  }
  return fields.has("memMiB");
}

function readType(fields: Fields): CaseType {
  const karpenter = isKarpenter(fields);
  const name = fields.name("name");
  if (karpenter) {
    return {
      name,
      priceMicroUsdPerHour: fields.dollars("price", MOST_PRICE),
      cpuMilli: Math.max(
        0,
        fields.whole("cpuMilli", 0, MOST_AMOUNT) - fields.wholeOrZero("reservedCpuMilli", MOST_AMOUNT),
      ),
      memoryMib: Math.max(
        0,
        fields.whole("memMiB", 0, MOST_AMOUNT) - fields.wholeOrZero("reservedMemMiB", MOST_AMOUNT),
      ),
      volumes: 0,
      instances: fields.whole("pods", 1, MOST_COUNT),
      zones: readZones(fields, "zones"),
    };
  }
  return {
    name,
    priceMicroUsdPerHour: fields.whole("priceMicroUsdPerHour", 1, MOST_PRICE),
    cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
    memoryMib: fields.whole("memoryMib", 0, MOST_AMOUNT),
    volumes: fields.whole("volumes", 0, MOST_COUNT),
    instances: fields.whole("instances", 1, MOST_COUNT),
    zones: readZones(fields, "zones"),
  };
}

function readInstance(
  fields: Fields,
  anyZone: readonly string[],
  known: ReadonlySet<string> | undefined,
): CaseInstance {
  const karpenter = isKarpenter(fields);
  const name = fields.name("name");
  if (karpenter) {
    return {
      name,
      cluster: undefined,
      tenant: undefined,
      cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
      memoryMib: fields.whole("memMiB", 0, MOST_AMOUNT),
      volumes: 0,
      // Its reader takes an empty name for none.
      zones: fields.has("zone") && fields.value("zone") !== "" ? readZone(fields, known) : anyZone,
    };
  }
  return {
    name,
    cluster: fields.has("cluster") ? fields.name("cluster") : undefined,
    tenant: fields.has("tenant") ? fields.name("tenant") : undefined,
    cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
    memoryMib: fields.whole("memoryMib", 0, MOST_AMOUNT),
    volumes: fields.whole("volumes", 0, MOST_COUNT),
    zones: instanceZones(fields, anyZone, known),
  };
}

function instanceZones(
  fields: Fields,
  anyZone: readonly string[],
  known: ReadonlySet<string> | undefined,
): readonly string[] {
  if (fields.has("zone") && fields.has("zones")) fields.fault("zone", "must be left out where zones is given");
  if (fields.has("zone")) return readZone(fields, known);
  return fields.has("zones") ? readZones(fields, "zones", known) : anyZone;
}
