import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Readers of option values. Each throws commander's own error, so that a wrong value is a usage error (2). */

/** A whole number that JSON carries exactly: 2^53 and above would silently become another one. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("A whole number.");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("That is larger than any number that can be sent.");
  return value;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `120g`, `1.5t`, `500GiB` or plain bytes, in binary units, as a whole number of bytes. */
export function byteCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "?").toLowerCase()];
  const bytes = unit === undefined ? Number.NaN : Number(match?.[1]) * unit;
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError("A size as 120g, 1.5t or plain bytes.");
  return bytes;
}

/** `30s`, `10m`, `2h`, `90d` or plain seconds, in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? "s"] ?? Number.NaN;
  const result = Math.round(Number(match?.[1]) * factor);
  if (match === null || !Number.isSafeInteger(result)) throw new InvalidArgumentError("A time as 30s, 10m, 2h or 90d.");
  return result;
}

/** A price in dollars as `12.50`, exactly as it is written, of at most 9 digits and 6 decimals. */
export function price(text: string): { amount: string; currency: "USD" } {
  const { price } = priceOrNone(text);
  if (price === null) throw new InvalidArgumentError("Dollars as 12.50.");
  return price;
}

/** The same; `none` for no price. */
export function priceOrNone(text: string): { readonly price: { amount: string; currency: "USD" } | null } {
  if (text === "none") return { price: null };
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) {
    throw new InvalidArgumentError("Dollars as 12.50, with at most 9 digits and 6 decimals, or none.");
  }
  return { price: { amount: text, currency: "USD" } };
}

/** An instant as the API takes it: from `2026-11-28`, `2026-11-28T09:00:00Z`, or `24h` for so long ago. */
export function instant(text: string): string {
  if (/^[\d.]+(?:ms|s|m|h|d)$/.test(text)) return new Date(Date.now() - durationMs(text)).toISOString();
  const at = /^\d{4}-\d\d-\d\d(?:T.+(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError("A time as 2026-11-28T09:00:00Z, or 24h for so long ago.");
  return new Date(at).toISOString();
}

/** `a,b,c` as a list without empty parts. */
export function commaList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.some((part) => part === "")) throw new InvalidArgumentError("Words with commas between them.");
  return parts;
}

/** The same, or `none` for an empty list. */
export function commaListOrNone(text: string): string[] {
  return text === "none" ? [] : commaList(text);
}

/** Collects `--label key=value`, given again for each. */
export function keyValue(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("Written key=value.");
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** Collects an option that may be given several times. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
