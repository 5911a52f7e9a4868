import type { CaseFaults } from "./case-fault.ts";

const MOST_ZONES = 1_000;
const LONGEST_NAME = 256;

/** Entries that can be read at all, in order; the faulty ones among them hold what stands in for a missing value. */
export function readList<T extends { readonly name: string }>(
  list: unknown,
  what: string,
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
export class Fields {
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

  get path(): string {
    return this.#path;
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (Array.isArray(value)) return value;
    this.fault(name, `must be a list${this.#instead(name)}`);
    return [];
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

  wholeOrZero(name: string, most: number): number {
    return this.has(name) ? this.whole(name, 0, most) : 0;
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
