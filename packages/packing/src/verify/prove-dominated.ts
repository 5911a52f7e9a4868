import type { PriceOf } from "./price-steps.ts";
import type { ClaimedClass, ClaimedOffer } from "./read-certificate.ts";

/**
 * Undefined when each offer that says it is dominated is, by one of these that has a proof of its own or by one that is
 * dominated in turn; else why not. All are offers of one zone, by type; `classes` are those that may go there.
 */
export function whyNotDominated(
  offer: ClaimedOffer,
  byType: ReadonlyMap<string, ClaimedOffer>,
  classes: readonly ClaimedClass[],
  priceOf: PriceOf,
): string | undefined {
  const passed = new Set<string>();
  for (let worse = offer; worse.proof.kind === "dominated"; ) {
    if (passed.has(worse.type)) return `leads back to ${worse.type}`;
    passed.add(worse.type);
    const better = byType.get(worse.proof.by);
    if (better === undefined) return `${worse.proof.by} is not offered there`;
    const lacking = whatIsLess(worse, better, classes, priceOf);
    if (lacking !== undefined) return `${better.type} ${lacking} than ${worse.type}`;
    worse = better;
  }
  return undefined;
}

/** No set is larger than `instances` x the largest class: what goes beyond that is of no use. */
function whatIsLess(
  worse: ClaimedOffer,
  better: ClaimedOffer,
  classes: readonly ClaimedClass[],
  priceOf: PriceOf,
): string | undefined {
  if (priceOf(better) > priceOf(worse)) return "costs more";
  if (better.instances < worse.instances) return "holds fewer instances";
  for (const dimension of ["cpuMilli", "memoryMib", "volumes"] as const) {
    const largest = classes.reduce((most, one) => Math.max(most, one[dimension]), 0);
    const useful = BigInt(worse.instances) * BigInt(largest);
    if (better[dimension] < worse[dimension] && better[dimension] < useful) return `has less ${dimension}`;
  }
  return undefined;
}
