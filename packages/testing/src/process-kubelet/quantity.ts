import { parseQuantityNano } from "@berth/domain";

/** A Kubernetes quantity in nano-units. Throws for text that is none: the API server let nothing else through. */
export function nanosOf(text: string): bigint {
  const parsed = parseQuantityNano(text);
  if (!parsed.ok) throw new Error(`"${text}" is no quantity`);
  return parsed.value;
}

/** A Kubernetes quantity of memory in MiB, rounded down. */
export function mebibytesOf(text: string): number {
  return Number(nanosOf(text) / 1_000_000_000n / 1_048_576n);
}
