import { TERMS } from "@berth/domain";
import type { Reservation, SavingsPlan } from "./bill-case.ts";
import { type Fraction, fraction, rounded } from "./fraction.ts";

const PICO_PER_NANO = 1_000n;

export function nanoUsd(picoUsd: Fraction): bigint {
  return rounded(fraction(picoUsd.over, picoUsd.under * PICO_PER_NANO));
}

/** What is paid for a commitment: at its start, and for each hour of its term. */
export interface CommitmentPrice {
  readonly upfrontNanoUsd: bigint;
  readonly hourlyNanoUsd: bigint;
}

export function reservationPrice({ upfrontPicoUsd, hourlyPicoUsd, count }: Reservation): CommitmentPrice {
  return {
    upfrontNanoUsd: nanoUsd(fraction(upfrontPicoUsd * BigInt(count))),
    hourlyNanoUsd: nanoUsd(fraction(hourlyPicoUsd * BigInt(count))),
  };
}

/** Half of the hours' commitments of a term, or all of them, are paid at its start, and the rest hour by hour. */
export function planPrice({ payment, commitmentPicoUsd, startHour, endHour }: SavingsPlan): CommitmentPrice {
  const halves = payment === "no_upfront" ? 0n : payment === "partial_upfront" ? 1n : 2n;
  return {
    upfrontNanoUsd: nanoUsd(fraction(commitmentPicoUsd * BigInt(endHour - startHour) * halves, 2n)),
    hourlyNanoUsd: nanoUsd(fraction(commitmentPicoUsd * (2n - halves), 2n)),
  };
}

/**
 * Hours that an upfront price is spread over: of a reservation the term that was bought. One that was exchanged ended sooner, and
 * what is left of its upfront price went into what it was exchanged for: it is no part of its own hours.
 */
export function termHoursOf(one: Reservation | SavingsPlan): bigint {
  if ("count" in one) return BigInt(one.termHours ?? TERMS[one.term].hours);
  return BigInt(one.endHour - one.startHour);
}

/**
 * The part of an upfront price that falls to `hours` hours of a term of `ofHours` from the one with the number `from`: what had
 * fallen due at their end, in whole nano-dollars, less what had at their start. So parts add up, however hours are cut.
 */
export function amortized(upfrontNanoUsd: bigint, from: number, hours: number, ofHours: bigint): bigint {
  const due = (until: number) => (upfrontNanoUsd * BigInt(until)) / ofHours;
  return due(from + hours) - due(from);
}

/** Of one reserved instance for an hour, in pico-dollars: the hourly price, and the upfront one spread over the term. */
export function effectiveHourly(reservation: Reservation): Fraction {
  const hours = termHoursOf(reservation);
  return fraction(reservation.upfrontPicoUsd + reservation.hourlyPicoUsd * hours, hours);
}
