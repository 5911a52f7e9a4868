import { type Failure, MEBIBYTE } from "@berth/contract";
import { type Guard, microUsdFromAmount } from "@berth/domain";

/** Pieces that many resources share on their way to the wire. Stored JSON is read with care: an old row may lack a field. */

export function iso(at: Date): string {
  return at.toISOString();
}

export function isoOrNull(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}

export function bytesOf(mebibytes: number): number {
  return mebibytes * MEBIBYTE;
}

/** Money of a body; the contract let nothing through that is no amount. */
export function microUsdOf({ amount }: { readonly amount: string }): number {
  const microUsd = microUsdFromAmount(amount);
  if (microUsd === undefined) throw new Error(`${amount} is no amount of money`);
  return microUsd;
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function instantOf(value: unknown): string | null {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

export function guardsOf(stored: unknown, fallbackSince: Date): Guard[] {
  return listOf(stored)
    .map(fieldsOf)
    .map((guard) => ({
      name: textOf(guard.name) ?? "unknown",
      subject: textOf(guard.subject) ?? "",
      since: instantOf(guard.since) ?? iso(fallbackSince),
      hint: textOf(guard.hint) ?? "",
    }));
}

/** A stored failure; loops write `{action, message}`, operations a code as well. */
export function failureOf(stored: unknown): Failure | null {
  if (stored === null || stored === undefined) return null;
  const failure = fieldsOf(stored);
  return {
    code: textOf(failure.code) ?? textOf(failure.action) ?? "failed",
    message: textOf(failure.message) ?? "",
    retryable: failure.retryable === true,
    at: instantOf(failure.at),
  };
}

export function labelsOf(stored: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fieldsOf(stored)).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

/** Our own word of a closed list, which a constraint of the database holds to it. */
export function oneOf<T extends string>(list: readonly T[], word: string): T {
  const found = list.find((one) => one === word);
  if (found === undefined) throw new Error(`${word} is none of ${list.join(", ")}`);
  return found;
}
