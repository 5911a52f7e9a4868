/** No discount of AWS's is above 76 % of the price on demand: what is below a twentieth of it is in another unit. */
export const LEAST_SHARE = 20;

const XLARGE_QUARTER_UNITS = 32n;
const PICO = 1_000_000_000_000n;
const LEAST_XLARGE_PICO_USD = PICO / 100n;
const MOST_XLARGE_PICO_USD = 20n * PICO;

/**
 * Dollars an hour that an xlarge would cost at a price on demand which is in another unit, or undefined where the price may be
 * meant: 0.01 to 20 dollars. AWS's lists of 2016 to 2026 have 0.06 (hpc6a) to 3.56 (p6-b300), so that a thousand times as much
 * is outside, and a thousandth too.
 */
export function xlargeInAnotherUnit(picoUsd: bigint, quarterUnits: number): number | undefined {
  const xlarge = picoUsd * XLARGE_QUARTER_UNITS;
  const of = BigInt(quarterUnits);
  if (xlarge >= LEAST_XLARGE_PICO_USD * of && xlarge <= MOST_XLARGE_PICO_USD * of) return undefined;
  return Number(xlarge / of) / Number(PICO);
}
