import type { PriceOf } from "./price-steps.ts";
import type { ClaimedBlock } from "./read-certificate.ts";

/**
 * floor(sum of dual x demand, times the least price / z over offers with z > 0); 0 when no offer has one.
 *
 * Whatever fleet runs the block's instances, its machines hold sets of them that are worth in sum what all are worth, and none
 * holds more than its offer's z: so the prices sum to at least price / z, the least of them, for each nano-dollar of worth.
 * A dominated offer costs no less than the better one and holds no more, so that the better one speaks for it. With
 * commitments a machine costs one of two prices, and both are held to be the lower one here: the units at most that can be in use
 * are taken off afterwards, at their value.
 */
export function deriveBound({ classes, offers }: ClaimedBlock, priceOf: PriceOf): bigint {
  const worth = classes.reduce((sum, { dual, demand }) => sum + dual * BigInt(demand), 0n);
  let least: { readonly price: bigint; readonly z: bigint } | undefined;
  for (const offer of offers) {
    const { proof } = offer;
    if (proof.kind === "dominated" || proof.z === 0n) continue;
    const price = priceOf(offer);
    if (least === undefined || price * least.z < least.price * proof.z) least = { price, z: proof.z };
  }
  return least === undefined ? 0n : (worth * least.price) / least.z;
}
