import { err, ok, type Result } from "./result.ts";

export interface InvalidQuantity {
  readonly kind: "invalid_quantity";
  readonly text: string;
}

const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)?)$/;

/**
 * Reads a Kubernetes quantity as an exact number of nano-units (1 = 1,000,000,000).
 *
 * Accepts what apimachinery's resource.Quantity accepts: decimal suffixes n to E, binary Ki to Ei, decimal exponents.
 * Anything finer than a nano-unit rounds away from zero, as there.
 */
export function parseQuantityNano(text: string): Result<bigint, InvalidQuantity> {
  const match = SHAPE.exec(text);
  const whole = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (match === null || (whole === "" && fraction === "")) return err({ kind: "invalid_quantity", text });

  const digits = BigInt(whole + fraction);
  const suffix = match[5] ?? "";
  const binary = BINARY[suffix];
  let numerator = digits * 1_000_000_000n * (binary ?? 1n);
  let exponent = -fraction.length;
  if (binary === undefined) exponent += match[4] !== undefined ? Number(match[4]) : (DECIMAL_EXPONENT[suffix] ?? 0);

  let denominator = 1n;
  if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
  else denominator = 10n ** BigInt(-exponent);
  const nano = (numerator + denominator - 1n) / denominator;
  return ok(match[1] === "-" ? -nano : nano);
}

/** CPU in millicores, rounded up: a request never looks smaller than it is. */
export function parseCpuMilli(text: string): Result<number, InvalidQuantity> {
  const nano = parseQuantityNano(text);
  return nano.ok ? ok(Number((nano.value + 999_999n) / 1_000_000n)) : nano;
}

const NANO_PER_MIB = 1_000_000_000n * 1_048_576n;

/** Memory or storage in MiB, rounded up (a request). */
export function parseMebibytesUp(text: string): Result<number, InvalidQuantity> {
  const nano = parseQuantityNano(text);
  return nano.ok ? ok(Number((nano.value + NANO_PER_MIB - 1n) / NANO_PER_MIB)) : nano;
}

/** Memory or storage in MiB, rounded down (what a node offers). */
export function parseMebibytesDown(text: string): Result<number, InvalidQuantity> {
  const nano = parseQuantityNano(text);
  return nano.ok ? ok(Number(nano.value / NANO_PER_MIB)) : nano;
}

export function formatCpuMilli(cpuMilli: number): string {
  return cpuMilli % 1000 === 0 ? String(cpuMilli / 1000) : `${cpuMilli}m`;
}

export function formatMebibytes(mebibytes: number): string {
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}
