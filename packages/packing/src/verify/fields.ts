import type { Json } from "./read-json.ts";

/** A text that is JSON and not of its format. The message begins with the place, as `types.json [3].zones`. */
export class FormatError extends Error {}

/** A value of a JSON text and where it stands; each reading function throws FormatError for what is not of its kind. */
export interface At {
  readonly value: Json | undefined;
  readonly place: string;
}

export function refuse(at: At, expected: string): never {
  throw new FormatError(`${at.place} ${at.value === undefined ? "is missing" : `is not ${expected}`}`);
}

export function field(at: At, name: string): At {
  return { value: fieldsOf(at).get(name), place: `${at.place}.${name}` };
}

export function has(at: At, name: string): boolean {
  return fieldsOf(at).has(name);
}

/** Refuses fields that the format does not know: what nobody reads proves nothing. */
export function onlyFields(at: At, names: readonly string[]): At {
  for (const name of fieldsOf(at).keys()) {
    if (!names.includes(name)) throw new FormatError(`${at.place}.${name} is not known`);
  }
  return at;
}

function fieldsOf(at: At): ReadonlyMap<string, Json> {
  return at.value instanceof Map ? at.value : refuse(at, "an object");
}

export function itemsOf(at: At): readonly At[] {
  if (!Array.isArray(at.value)) return refuse(at, "an array");
  return at.value.map((value: Json, index) => ({ value, place: `${at.place}[${index}]` }));
}

export function stringOf(at: At): string {
  return typeof at.value === "string" ? at.value : refuse(at, "a string");
}

/** Digits as they stand in the text. */
function digitsOf(at: At, expected: string): string {
  const { value } = at;
  if (typeof value !== "object" || value === null || !("digits" in value)) return refuse(at, expected);
  return value.digits;
}

/** A safe integer >= 0 without sign, point or exponent. */
export function countOf(at: At): number {
  const expected = "a whole number from 0 to 2^53 - 1";
  const digits = digitsOf(at, expected);
  if (!/^\d{1,16}$/.test(digits) || BigInt(digits) > Number.MAX_SAFE_INTEGER) return refuse(at, expected);
  return Number(digits);
}

/** A string of decimal digits without leading zeros. */
export function amountOf(at: At): bigint {
  const { value } = at;
  if (typeof value !== "string" || !/^(?:0|[1-9]\d{0,39})$/.test(value)) {
    return refuse(at, "a string of at most 40 decimal digits");
  }
  return BigInt(value);
}

/** A whole number >= 0 however it is written, as 4096.0 or 4e3. */
export function wholeOf(at: At): number {
  const expected = "a whole number from 0 to 2^53 - 1";
  const { floor, isExact } = decimalOf(at, 0, expected);
  return isExact ? floor : refuse(at, expected);
}

/** A decimal number >= 0 in millionths, rounded down from the digits as they stand: dollars become micro-dollars. */
export function millionthsOf(at: At): number {
  return decimalOf(at, 6, "a decimal number >= 0 of at most 9 * 10^9").floor;
}

/** floor(number x 10^places), of the digits as they stand. */
function decimalOf(at: At, places: number, expected: string): { readonly floor: number; readonly isExact: boolean } {
  const [, whole = "", fraction = "", exponent = "0"] =
    /^(\d{1,30})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(digitsOf(at, expected)) ?? refuse(at, expected);
  const shift = places + Number(exponent) - fraction.length;
  const mantissa = BigInt(whole + fraction);
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  const floor = shift < 0 ? mantissa / divisor : mantissa * 10n ** BigInt(shift);
  if (floor > Number.MAX_SAFE_INTEGER) return refuse(at, expected);
  return { floor: Number(floor), isExact: mantissa % divisor === 0n };
}
