import { err, ok, type Result } from "@berth/domain";
import { type CaseFault, CaseFaults } from "./case-fault.ts";
import { fitFaults } from "./fit-faults.ts";
import type { CaseInstance, CaseType, PackingCase } from "./packing-case.ts";

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
  const readTypes = readList(types, "types", MOST_TYPES, readType, faults);
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
  );
  if (!faults.any) fitFaults(readTypes, readInstances, faults);
  return faults.any ? err(faults.list()) : ok({ types: readTypes, instances: readInstances });
}

// A million instances of a billion each, or on machines of a billion each, add up to 10^15: below 2^53, and each fits 32 bits.
const MOST_TYPES = 100_000;
const MOST_INSTANCES = 1_000_000;
const MOST_AMOUNT = 1_000_000_000;
const MOST_ZONES = 1_000;
/** Of volumes or instances on one node. */
const MOST_COUNT = 1_000_000;
/** 1,000 dollars an hour: more than twice what the dearest machine costs (AWS, November 2026). */
const MOST_PRICE = 1_000_000_000;
const LONGEST_NAME = 256;

function readType(fields: Fields): CaseType {
  const name = fields.name("name");
  if (fields.isKarpenter) {
    return {
      name,
      priceMicroUsdPerHour: fields.dollars("price", MOST_PRICE),
      cpuMilli: Math.max(0, fields.whole("cpuMilli", 0, MOST_AMOUNT) - fields.wholeOrZero("reservedCpuMilli")),
      memoryMib: Math.max(0, fields.whole("memMiB", 0, MOST_AMOUNT) - fields.wholeOrZero("reservedMemMiB")),
      volumes: 0,
      instances: fields.whole("pods", 1, MOST_COUNT),
      zones: fields.zones("zones"),
    };
  }
  return {
    name,
    priceMicroUsdPerHour: fields.whole("priceMicroUsdPerHour", 1, MOST_PRICE),
    cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
    memoryMib: fields.whole("memoryMib", 0, MOST_AMOUNT),
    volumes: fields.whole("volumes", 0, MOST_COUNT),
    instances: fields.whole("instances", 1, MOST_COUNT),
    zones: fields.zones("zones"),
  };
}

function readInstance(
  fields: Fields,
  anyZone: readonly string[],
  known: ReadonlySet<string> | undefined,
): CaseInstance {
  const name = fields.name("name");
  if (fields.isKarpenter) {
    return {
      name,
      cluster: undefined,
      tenant: undefined,
      cpuMilli: fields.whole("cpuMilli", 0, MOST_AMOUNT),
      memoryMib: fields.whole("memMiB", 0, MOST_AMOUNT),
      volumes: 0,
      // Its reader takes an empty name for none.
      zones: fields.has("zone") && fields.value("zone") !== "" ? fields.zone(known) : anyZone,
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
  if (fields.has("zone")) return fields.zone(known);
  return fields.has("zones") ? fields.zones("zones", known) : anyZone;
}

/** Entries that can be read at all, in order; the faulty ones among them hold what stands in for a missing value. */
function readList<T extends { readonly name: string }>(
  list: unknown,
  what: "types" | "instances",
  most: number,
  read: (fields: Fields) => T,
  faults: CaseFaults,
): T[] {
  if (!Array.isArray(list)) {
    faults.add(what, `must be a list, not ${shown(list)}`);
    return [];
  }
  if (list.length > most) {
    faults.add(what, `must have at most ${most} entries, not ${list.length}`);
    return [];
  }
  const entries: T[] = [];
  const firstOf = new Map<string, number>();
  for (const [index, entry] of list.entries()) {
    const path = `${what}[${index}]`;
    if (!isRecord(entry)) {
      faults.add(path, `must be an object, not ${shown(entry)}`);
      continue;
    }
    const one = read(new Fields(path, entry, faults));
    entries.push(one);
    const first = firstOf.get(one.name);
    if (first === undefined) firstOf.set(one.name, index);
    else if (one.name !== "") faults.add(`${path}.name`, `must be unique: ${what}[${first}] is ${shown(one.name)} too`);
  }
  return entries;
}

/** The fields of one entry. Each reader gives a value that stands in for a faulty one, and the fault goes on the list. */
class Fields {
  readonly #path: string;
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #faults: CaseFaults;

  constructor(path: string, record: Readonly<Record<string, unknown>>, faults: CaseFaults) {
    this.#path = path;
    this.#record = record;
    this.#faults = faults;
    if (this.has("memMiB") && this.has("memoryMib")) this.fault("memMiB", "must be left out where memoryMib is given");
  }

  get isKarpenter(): boolean {
    return this.has("memMiB");
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#record, name);
  }

  value(name: string): unknown {
    return this.has(name) ? this.#record[name] : undefined;
  }

  fault(name: string, rule: string): void {
    this.#faults.add(`${this.#path}.${name}`, rule);
  }

  name(name: string): string {
    const value = this.value(name);
    if (isName(value)) return value;
    this.fault(name, `must be a text of 1 to ${LONGEST_NAME} characters${this.#instead(name)}`);
    return "";
  }

  whole(name: string, least: number, most: number): number {
    const value = this.value(name);
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
      // JSON has a -0.
      return value === 0 ? 0 : value;
    }
    this.fault(name, `must be a whole number from ${least} to ${most}${this.#instead(name)}`);
    return least;
  }

  wholeOrZero(name: string): number {
    return this.has(name) ? this.whole(name, 0, MOST_AMOUNT) : 0;
  }

  /** In micro-dollars. A number of JSON is that many micro-dollars exactly when their quotient is the same double. */
  dollars(name: string, mostMicro: number): number {
    const value = this.value(name);
    const micro = typeof value === "number" ? Math.round(value * 1e6) : Number.NaN;
    if (typeof value === "number" && micro >= 1 && micro <= mostMicro) {
      if (micro / 1e6 === value) return micro;
      this.fault(name, `must be a whole number of micro-dollars, not ${shown(value)}`);
      return 1;
    }
    this.fault(name, `must be a number of dollars from 0.000001 to ${mostMicro / 1e6}${this.#instead(name)}`);
    return 1;
  }

  zone(known: ReadonlySet<string> | undefined): readonly string[] {
    const zone = this.name("zone");
    if (zone !== "") this.#checkZone("zone", zone, known);
    return [zone];
  }

  zones(name: string, known?: ReadonlySet<string>): readonly string[] {
    const value = this.value(name);
    if (!Array.isArray(value) || value.length === 0 || value.length > MOST_ZONES) {
      this.fault(name, `must be a list of 1 to ${MOST_ZONES} zones${this.#instead(name)}`);
      return [];
    }
    const zones = new Set<string>();
    for (const [index, zone] of value.entries()) {
      const field = `${name}[${index}]`;
      if (!isName(zone)) this.fault(field, `must be a text of 1 to ${LONGEST_NAME} characters, not ${shown(zone)}`);
      else if (zones.has(zone)) this.fault(field, `must be listed once: ${shown(zone)}`);
      else {
        zones.add(zone);
        this.#checkZone(field, zone, known);
      }
    }
    return [...zones].toSorted();
  }

  #checkZone(field: string, zone: string, known: ReadonlySet<string> | undefined): void {
    if (known !== undefined && !known.has(zone)) this.fault(field, `must be a zone of a type, not ${shown(zone)}`);
  }

  #instead(name: string): string {
    return this.has(name) ? `, not ${shown(this.value(name))}` : " and is missing";
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= LONGEST_NAME;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isRecord(value)) return "an object";
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
