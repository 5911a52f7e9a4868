/** An exact number from 0, in lowest terms. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export const ZERO: Fraction = { over: 0n, under: 1n };

/** `under` is above 0. */
export function fraction(over: bigint, under = 1n): Fraction {
  let [a, b] = [over, under];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 1n ? { over, under } : { over: over / a, under: under / a };
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
