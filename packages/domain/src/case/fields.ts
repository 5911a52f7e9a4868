import type { CaseFaults } from "./case-fault.ts";

const LONGEST_NAME = 256;

/**
 * Entries that can be read at all, in order; the faulty ones among them hold what stands in for a missing value.
 *
 * A list that is no list, or has more than `most` entries, is one fault. With `unique`, no two entries have the same text in
 * that field; an empty text stands in for a faulty one and repeats nothing.
 */
export function readList<T>(
  list: unknown,
  what: string,
  most: number,
  read: (fields: Fields) => T,
  faults: CaseFaults,
  unique?: keyof T & string,
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
    if (unique === undefined) continue;
    const text = String(one[unique]);
    const first = firstOf.get(text);
    if (first === undefined) firstOf.set(text, index);
    else if (text !== "") faults.add(`${path}.${unique}`, `must be unique: ${what}[${first}] is ${shown(text)} too`);
  }
  return entries;
}

/** The fields of one entry, or of the case itself, whose path is empty. Each reader gives a value that stands in for a faulty one, and the fault goes on the list. */
export class Fields {
  readonly #path: string;
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #faults: CaseFaults;

  constructor(path: string, record: Readonly<Record<string, unknown>>, faults: CaseFaults) {
    this.#path = path;
    this.#record = record;
    this.#faults = faults;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#record, name);
  }

  value(name: string): unknown {
    return this.has(name) ? this.#record[name] : undefined;
  }

  fault(name: string, rule: string): void {
    this.#faults.add(this.#path === "" ? name : `${this.#path}.${name}`, rule);
  }

  get path(): string {
    return this.#path;
  }

  /** Faults each field that is none of these: a name that is not known is a name that was meant to be another. */
  only(names: readonly string[]): void {
    for (const name of Object.keys(this.#record)) {
      if (!names.includes(name)) this.fault(name, `is no field here: there are ${names.join(", ")}`);
    }
  }

  oneOf<const T extends string>(name: string, texts: readonly [T, ...T[]]): T {
    const value = this.value(name);
    const one = texts.find((text) => text === value);
    if (one !== undefined) return one;
    this.fault(name, `must be one of ${texts.join(", ")}${this.instead(name)}`);
    return texts[0];
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (Array.isArray(value)) return value;
    this.fault(name, `must be a list${this.instead(name)}`);
    return [];
  }

  name(name: string): string {
    const value = this.value(name);
    if (isName(value)) return value;
    this.fault(name, `must be a text of 1 to ${LONGEST_NAME} characters${this.instead(name)}`);
    return "";
  }

  whole(name: string, least: number, most: number): number {
    const value = this.value(name);
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
      // JSON has a -0.
      return value === 0 ? 0 : value;
    }
    this.fault(name, `must be a whole number from ${least} to ${most}${this.instead(name)}`);
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
    this.fault(name, `must be a number of dollars from 0.000001 to ${mostMicro / 1e6}${this.instead(name)}`);
    return 1;
  }

  /**
   * A number times ten to the power of `places`, exactly as it is written: a number of JSON is the shortest decimal that stands
   * for its double. `least` and `most` are numbers of the file. A fault gives 1, as a price of nothing would bring other faults.
   */
  decimal(name: string, places: number, least: string, most: string): bigint {
    const value = this.value(name);
    const scaled = typeof value === "number" ? scaledDecimal(String(value), places) : undefined;
    const [low, high] = [scaledDecimal(least, places) ?? 0n, scaledDecimal(most, places) ?? 0n];
    if (scaled !== undefined && scaled >= low && scaled <= high) return scaled;
    const isTooFine = typeof value === "number" && value >= Number(least) && value <= Number(most);
    this.fault(
      name,
      isTooFine
        ? `must have at most ${places} decimal places, not ${shown(value)}`
        : `must be a number from ${least} to ${most}${this.instead(name)}`,
    );
    return 1n;
  }

  /** How a rule's sentence ends: with what stands there, or that nothing does. */
  instead(name: string): string {
    return this.has(name) ? `, not ${shown(this.value(name))}` : " and is missing";
  }
}

/** Undefined for what is no decimal from 0, or has more places. */
function scaledDecimal(text: string, places: number): bigint | undefined {
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", decimals = "", exponent = "0"] = match;
  const shift = places + Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const under = 10n ** BigInt(-shift);
  return digits % under === 0n ? digits / under : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= LONGEST_NAME;
}

/** A value in a few words, for a fault. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isRecord(value)) return "an object";
  // 1e999 is read as a number that JSON cannot write.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "undefined");
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
