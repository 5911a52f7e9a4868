import { type HeldCommitment, HOURS, type Product, TERM_MONTHS } from "./planning-case.ts";

/** What one unit or step of a product is paid by. */
export interface Price {
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
}

export function priceOf(product: Product): Price {
  if (product.kind === "reserved") return product;
  const step = product.stepMicroUsdPerHour;
  const hours = TERM_MONTHS[product.term] * HOURS;
  switch (product.paymentOption) {
    case "no_upfront":
      return { upfrontMicroUsd: 0, hourlyMicroUsd: step };
    case "partial_upfront":
      return { upfrontMicroUsd: (step / 2) * hours, hourlyMicroUsd: step / 2 };
    case "all_upfront":
      return { upfrontMicroUsd: step * hours, hourlyMicroUsd: 0 };
  }
}

/** All payments of a unit or step, spread over its term: micro-dollars an hour, not whole. */
export function effectiveMicroUsdPerHour(product: Product): number {
  const { upfrontMicroUsd, hourlyMicroUsd } = priceOf(product);
  return upfrontMicroUsd / (TERM_MONTHS[product.term] * HOURS) + hourlyMicroUsd;
}

/** What is still charged each hour for a commitment that exists, all its units together. */
export function heldHourlyMicroUsd(held: HeldCommitment): number {
  if (held.kind === "reserved") return held.units * held.hourlyMicroUsd;
  if (held.paymentOption === "all_upfront") return 0;
  return held.paymentOption === "no_upfront" ? held.committedMicroUsdPerHour : held.committedMicroUsdPerHour / 2;
}

/** Shares of a billion by which money of month m counts, paid at its start; m from 0 up to the horizon itself. */
export function discountFactors(months: number, discountPercent: number): readonly number[] {
  return Array.from({ length: months + 1 }, (_, m) => Math.round(1e9 * (1 + discountPercent / 100) ** (-m / 12)));
}

/**
 * What one unit bought in a month costs within the horizon, as a share of what money of month 0 is worth: upfront less its
 * straight-line residual at the horizon, and the hourly charges up to there. In units of `PAYMENT_SCALE` to a nano-dollar.
 */
export function paymentsWithin(
  { upfrontMicroUsd, hourlyMicroUsd }: Price,
  termMonths: number,
  month: number,
  horizon: number,
  factors: readonly number[],
): bigint {
  const last = Math.min(month + termMonths, horizon);
  const left = month + termMonths - last;
  let hourly = 0n;
  for (let m = month; m < last; m++) hourly += BigInt(factors[m] as number);
  const perTerm = PAYMENT_SCALE / 1_000_000_000n / BigInt(termMonths);
  const upfront =
    BigInt(upfrontMicroUsd) *
    1_000n *
    perTerm *
    (BigInt(termMonths) * BigInt(factors[month] as number) - BigInt(left) * BigInt(factors[horizon] as number));
  return upfront + hourly * BigInt(hourlyMicroUsd) * 1_000n * BigInt(HOURS) * (PAYMENT_SCALE / 1_000_000_000n);
}

/** Discount factors are billionths, and the residual of a term thirty-sixths at the finest. */
export const PAYMENT_SCALE = 36_000_000_000n;

/** To the nearest nano-dollar, halves up. */
export function toNanoUsd(scaled: bigint, by = PAYMENT_SCALE): bigint {
  const doubled = 2n * scaled + by;
  const quotient = doubled / (2n * by);
  return doubled < 0n && doubled % (2n * by) !== 0n ? quotient - 1n : quotient;
}
