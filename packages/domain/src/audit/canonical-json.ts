/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * The one text of a JSON value (RFC 8785, JSON Canonicalization Scheme): no blanks, names sorted by UTF-16 code units, numbers
 * and strings as ECMAScript writes them. Two who hold the same value hash the same bytes.
 *
 * Throws for what has no such text: a number that is not finite, a lone surrogate, a value that is no JSON.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no number of JSON`);
      return JSON.stringify(value);
    case "string":
      // The first test is quick, and true of emoji too; the second sees surrogates that stand alone.
      if (/[\ud800-\udfff]/.test(value) && /\p{Cs}/u.test(value)) throw new TypeError("a lone surrogate is no text");
      return JSON.stringify(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
      return `{${canonicalMembers(value)}}`;
    default:
      throw new TypeError(`${typeof value} is no value of JSON`);
  }
}

/** What stands between the braces of an object's text. */
export function canonicalMembers(object: object): string {
  const values = object as Readonly<Record<string, unknown>>;
  return Object.keys(values)
    .sort()
    .map((name) => `${canonicalJson(name)}:${canonicalJson(values[name])}`)
    .join(",");
}
