import { BillTooLarge } from "./bill-too-large.ts";

/** An exact number from 0, in lowest terms. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export const ZERO: Fraction = { over: 0n, under: 1n };

/** Sums of parts by thousands of different rates have denominators without end. */
const MOST_DIGITS = 4_000;
const LARGEST_UNDER = 10n ** BigInt(MOST_DIGITS);

/** `under` is above 0. Throws BillTooLarge where it has more than 4,000 digits. */
export function fraction(over: bigint, under = 1n): Fraction {
  if (under === 1n) return { over, under };
  if (under > LARGEST_UNDER) {
    const limit = `must have no quantity with a denominator of more than ${MOST_DIGITS} digits`;
    throw new BillTooLarge(`the case ${limit}: too many plan rates apply in part; bill fewer hours or regions at once`);
  }
  const divisor = greatestDivisor(over, under);
  return divisor === 1n ? { over, under } : { over: over / divisor, under: under / divisor };
}

const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Euclid's, on numbers of the machine as soon as both are small enough: some ten times faster. */
function greatestDivisor(one: bigint, other: bigint): bigint {
  let [a, b] = [one, other];
  while (b > LARGEST_SAFE || a > LARGEST_SAFE) {
    if (b === 0n) return a;
    [a, b] = [b, a % b];
  }
  let [c, d] = [Number(a), Number(b)];
  while (d !== 0) [c, d] = [d, c % d];
  return BigInt(c);
}

export function plus(a: Fraction, b: Fraction): Fraction {
  if (a.over === 0n) return b;
  if (b.over === 0n) return a;
  return fraction(a.over * b.under + b.over * a.under, a.under * b.under);
}

/** `b` is at most `a`. */
export function minus(a: Fraction, b: Fraction): Fraction {
  return b.over === 0n ? a : fraction(a.over * b.under - b.over * a.under, a.under * b.under);
}

export function times(a: Fraction, by: bigint): Fraction {
  return fraction(a.over * by, a.under);
}

/** `by` is above 0. */
export function dividedBy(a: Fraction, by: bigint): Fraction {
  return fraction(a.over, a.under * by);
}

export function isAtMost(a: Fraction, b: Fraction): boolean {
  return a.over * b.under <= b.over * a.under;
}

/** The nearest whole number, of two that are as near the higher one. */
export function rounded(a: Fraction): bigint {
  return (2n * a.over + a.under) / (2n * a.under);
}
