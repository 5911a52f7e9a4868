import type { Candidate } from "@berth/packing";

/**
 * Why nothing held an instance, in single words: why a candidate is closed (`pool_full`, `insufficient_capacity`), `no_room`,
 * `conflict`. Each once, sorted; none when there was no candidate at all.
 */
export function reasonsOf(candidates: readonly Candidate[]): string[] {
  const words = candidates.flatMap(({ rejection }) => {
    if (rejection === undefined) return [];
    return [rejection.kind === "closed" ? rejection.because : rejection.kind];
  });
  return [...new Set(words)].sort();
}
