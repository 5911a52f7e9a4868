/**
 * A lower bound on what any fleet for a case can cost, with everything that a stranger needs to prove it.
 *
 * All amounts are integers written in decimal: nano-dollars an hour. The bound of a block is
 * floor(sum of dual x demand, times the least price / z over the offers with z > 0), and 0 when all duals are 0; the bound
 * of the case is the sum over its blocks. docs/packing.md proves it.
 */
export interface Certificate {
  readonly version: 1;
  readonly unit: "nano_usd_per_hour";
  /** SHA-256, hexadecimal, of the two files that it speaks of, byte for byte. */
  readonly inputs: { readonly typesSha256: string; readonly instancesSha256: string };
  readonly blocks: readonly CertificateBlock[];
  readonly lowerBound: string;
}

/** Zones that share demand: no instance may go both to a zone of one block and to a zone of another. */
export interface CertificateBlock {
  /** In ascending order; blocks are in the order of their first zone. */
  readonly zones: readonly string[];
  /** Every class with demand in these zones, once: instances of equal sizes and equal zones. */
  readonly classes: readonly CertificateClass[];
  /** Every type in every zone of the block, once. */
  readonly offers: readonly CertificateOffer[];
  readonly lowerBound: string;
}

export interface CertificateClass {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** In ascending order. */
  readonly zones: readonly string[];
  readonly demand: number;
  /** What one instance is worth, >= 0. */
  readonly dual: string;
}

export interface CertificateOffer {
  readonly type: string;
  readonly zone: string;
  readonly priceMicroUsdPerHour: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly instances: number;
  readonly proof: OfferProof;
}

/**
 * Why no set of instances that fits the offer is worth more than z. A set holds only classes that may go to the offer's
 * zone, and of each no more than its demand.
 */
export type OfferProof =
  /** z is the most: the pattern, as [index of class, count], fits and is worth exactly z. */
  | { readonly kind: "exact"; readonly z: string; readonly pattern: readonly (readonly [number, number])[] }
  /**
   * z is the value of a relaxation: capacities are priced at the multipliers (nano-dollars per mCPU, MiB and volume, >= 0),
   * and the rest is a knapsack of at most `instances` instances whose memory, each rounded down to units of memoryUnitMib,
   * keeps within the offer's rounded down likewise. memoryUnitMib 0: the count alone is kept. Demand is not bounded in it.
   * z = cpu x cpuMilli + memory x memoryMib + volumes x volumes + the knapsack's most, at duals less multipliers, none below 0.
   */
  | {
      readonly kind: "relaxed";
      readonly z: string;
      readonly cpuMultiplier: string;
      readonly memoryMultiplier: string;
      readonly volumesMultiplier: string;
      readonly memoryUnitMib: number;
    }
  /** Another offer of the same zone that costs no more and has no less of anything: its z holds here too. */
  | { readonly kind: "dominated"; readonly by: string };
