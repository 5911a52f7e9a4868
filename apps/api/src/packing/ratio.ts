/** A ratio on the wire: to six places, null for none. */
export function ratioOf(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1e6) / 1e6;
}

/** A part of a whole on the wire; null where there is no whole. */
export function shareOf(part: number, whole: number): number | null {
  return ratioOf(whole === 0 ? undefined : part / whole);
}
