import { type RebalanceRules, STANDARD_REBALANCE } from "@berth/packing";

/** How long after a look for new moves the next one is due. */
export const LOOK_EVERY_MS = 60 * 60_000;

/** With a move that may not begin now, as its cluster is not green. */
export const HELD_CHECK_MS = 10_000;

/** How long the search may take, so that a large fleet holds the worker's other loops up for a second or two at most. */
const SEARCH_NODES = 200_000;

/** What holds for every plan of the product, beside its pool's policy. */
export function rulesOf(nodes: number): Omit<RebalanceRules, "policy" | "emptiedInLastHour"> {
  const iterations = Math.max(
    100,
    Math.min(STANDARD_REBALANCE.iterations, Math.floor(SEARCH_NODES / Math.max(1, nodes))),
  );
  return { ...STANDARD_REBALANCE, iterations };
}
