import { parseQuantityNano } from "@berth/domain";
import type { Amounts } from "./objects.ts";

const NANO = 1_000_000_000n;
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

/**
 * The form in which the API server writes a quantity: no fraction, the largest suffix of the family that it came in.
 * Undefined for text that is no quantity.
 */
export function canonicalQuantity(text: string): string | undefined {
  const parsed = parseQuantityNano(text);
  if (!parsed.ok) return undefined;
  if (/[eE][+-]?\d+$/.test(text)) return text;
  const nano = parsed.value;
  if (nano === 0n) return "0";
  if (text.endsWith("i") && nano % NANO === 0n) {
    let whole = nano / NANO;
    let power = 0;
    while (power < BINARY.length - 1 && whole % 1024n === 0n) {
      whole /= 1024n;
      power += 1;
    }
    return `${whole}${BINARY[power] ?? ""}`;
  }
  let rest = nano;
  let power = 0;
  while (power < DECIMAL.length - 1 && rest % 1000n === 0n) {
    rest /= 1000n;
    power += 1;
  }
  return `${rest}${DECIMAL[power] ?? ""}`;
}

const known = new Map<string, bigint>();

/** A quantity as nano-units, 0 when absent or unreadable; remembered, since few texts come over and over. */
export function nanoOf(value: string | number | undefined): bigint {
  if (value === undefined) return 0n;
  const text = String(value);
  let nano = known.get(text);
  if (nano === undefined) {
    const parsed = parseQuantityNano(text);
    nano = parsed.ok ? parsed.value : 0n;
    if (known.size > 10_000) known.clear();
    known.set(text, nano);
  }
  return nano;
}

/** As a number, in thousandths for cpu and in units for everything else. Exact to 2^53. */
export function amountOf(resource: string, value: string | number | undefined): number {
  const nano = nanoOf(value);
  return resource === "cpu" ? Number((nano + 999_999n) / 1_000_000n) : Number((nano + NANO - 1n) / NANO);
}

/** Amounts by resource, cpu in thousandths. */
export type Vector = Record<string, number>;

export function vectorOf(amounts: Amounts | undefined): Vector {
  const vector: Vector = {};
  for (const [resource, value] of Object.entries(amounts ?? {})) vector[resource] = amountOf(resource, value);
  return vector;
}

export function addTo(target: Vector, amounts: Vector, sign: 1 | -1 = 1): void {
  for (const resource in amounts) target[resource] = (target[resource] ?? 0) + sign * (amounts[resource] ?? 0);
}

/** `1500` thousandths of cpu as `1500m`, bytes as `2Gi` where that is exact. */
export function formatAmount(resource: string, amount: number): string {
  if (resource.endsWith("cpu")) return canonicalQuantity(`${amount}m`) ?? "0";
  const binary = amount >= 1024 && amount % 1024 === 0 ? canonicalQuantity(`${amount / 1024}Ki`) : undefined;
  return binary ?? String(amount);
}
