/** A ratio on the wire: to six places, null for none. */
export function ratioOf(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1e6) / 1e6;
}
