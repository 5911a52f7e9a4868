/** Machines that were launched for an instance since it last ran, or since an operator last changed a pool of its kube. */
export interface FruitlessLaunches {
  readonly launches: number;
  readonly lastAt: Date;
}

/** After so many in a row the next ones wait. */
export const MAX_FRUITLESS_LAUNCHES = 3;
export const QUARANTINE_MS = 60 * 60_000;

/**
 * Until when no machine is launched for an instance; undefined when one may be.
 *
 * Three machines in a row that an instance never came to run on are no bad luck: what is launched does not fit, or does not
 * come up. From then on one is launched an hour, so that what mends by itself is found. A change to a pool of the kube, or
 * the instance running anywhere, ends it at once: both begin the count anew.
 */
export function quarantinedUntil(fruitless: FruitlessLaunches | undefined, now: Date): Date | undefined {
  if (fruitless === undefined || fruitless.launches < MAX_FRUITLESS_LAUNCHES) return undefined;
  const until = new Date(fruitless.lastAt.getTime() + QUARANTINE_MS);
  return until > now ? until : undefined;
}
