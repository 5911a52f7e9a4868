/** A ratio of the API as `83%`; undefined for none. */
export function formatPercent(ratio: number | null): string | undefined {
  return ratio === null ? undefined : `${Math.round(ratio * 100)}%`;
}

/** A part of a whole as `83%`; undefined where there is no whole. */
export function percentOf(part: number, whole: number): string | undefined {
  return formatPercent(whole === 0 ? null : part / whole);
}
