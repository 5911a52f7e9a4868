import type { HeldCommitment, PlanFamily, ReservedProduct } from "../ladder/planning-case.ts";

/** What can be bought for one family. */
export interface Market {
  readonly family: PlanFamily;
  readonly products: readonly ReservedProduct[];
}

/** All that a policy sees when a month begins: nothing of it or of what comes. */
export interface Past {
  /** Whole units wanted in each hour up to now, the oldest first: whole months of 730 hours. */
  readonly hours: Int32Array;
  /** What is active or was, in months from now: one that ended has an end of 0 or less. */
  readonly held: readonly Extract<HeldCommitment, { kind: "reserved" }>[];
}

/** How many units of each product to buy now, as many as the market has products. */
export type Policy = (market: Market, past: Past) => readonly number[] | Promise<readonly number[]>;

/** Units that are active from now on. */
export function activeUnits(held: Past["held"]): number {
  return held.reduce((sum, { units, endMonth }) => (endMonth > 0 ? sum + units : sum), 0);
}

/** As many units of one product as bring what is active up to a level. */
export function upTo(level: number, { products }: Market, product: number, { held }: Past): readonly number[] {
  return products.map((_, p) => (p === product ? Math.max(0, level - activeUnits(held)) : 0));
}
