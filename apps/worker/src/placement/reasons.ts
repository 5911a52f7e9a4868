import type { RefusalCount } from "@berth/packing";

/**
 * Why nothing held an instance, in single words: why a candidate is closed (`pool_full`, `insufficient_capacity`), `no_room`,
 * `conflict`. Each once, sorted; none when there was no candidate at all.
 */
export function reasonsOf(refusals: readonly RefusalCount[]): string[] {
  return [...new Set(refusals.map(({ reason }) => reason))].sort();
}
