import type { ClaimedOffer } from "./read-certificate.ts";
import type { ReadCommitment } from "./read-commitments.ts";

const NANO_A_MICRO = 1000n;

/** What an offer is held to cost, in nano-dollars an hour. */
export type PriceOf = (offer: Pick<ClaimedOffer, "type" | "priceMicroUsdPerHour">) => bigint;

/**
 * The lower of an offer's two prices: its own, and for a type of a commitment what its units cost in use and are worth,
 * `values` being by commitment in nano-dollars an hour for a unit.
 */
export function lowerPrice(commitments: readonly ReadCommitment[], values: readonly bigint[]): PriceOf {
  return ({ type, priceMicroUsdPerHour }) => {
    const own = BigInt(priceMicroUsdPerHour) * NANO_A_MICRO;
    const index = commitments.findIndex(({ unitsOf }) => unitsOf.has(type));
    const commitment = commitments[index];
    if (commitment === undefined) return own;
    const unit = BigInt(commitment.unitPriceMicroUsdPerHour) * NANO_A_MICRO + (values[index] ?? 0n);
    const committed = unit * BigInt(commitment.unitsOf.get(type) ?? 0);
    return committed < own ? committed : own;
  };
}
