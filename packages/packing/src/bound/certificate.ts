/**
 * A lower bound on what any fleet for a case can cost, with everything that a stranger needs to prove it.
 *
 * All amounts are integers written in decimal: nano-dollars an hour. The bound of a block is
 * floor(sum of dual x demand, times the least price / z over the offers with z > 0), and 0 when all duals are 0 or no offer
 * has z > 0; the bound of the case is the sum over its blocks, less value x units of each commitment, and at least 0. The
 * price of a type in a commitment is there the lower one of its own and (price of a unit in use + value) x its units. An offer with a dominated proof has no z of its own and does
 * not count in the least. docs/packing.md proves it.
 */
export interface Certificate {
  readonly version: 1;
  readonly unit: "nano_usd_per_hour";
  /** SHA-256, hexadecimal, of the two files that it speaks of, byte for byte. */
  readonly inputs: {
    readonly typesSha256: string;
    readonly instancesSha256: string;
    /** Absent where nothing is paid for already. */
    readonly commitmentsSha256?: string;
  };
  /** What a unit of each commitment of the file is worth, in its order; absent where there is no file. */
  readonly commitments?: readonly { readonly name: string; readonly value: string }[];
  readonly blocks: readonly CertificateBlock[];
  readonly lowerBound: string;
}

/**
 * Zones that share demand: no instance may go both to a zone of one block and to a zone of another, and no block could be
 * parted. A zone is in a block when an instance may go there, and in none otherwise.
 */
export interface CertificateBlock {
  /** In ascending order, by code units; blocks are in the order of their first zone. */
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
  /** z is the most: the pattern, as [index of class, count], fits and is worth exactly z. For small offers alone. */
  | { readonly kind: "exact"; readonly z: string; readonly pattern: readonly (readonly [number, number])[] }
  /**
   * z is the value of a relaxation, exactly: what the capacities are worth at the multipliers, and a knapsack of the same
   * classes at their duals less what their sizes are worth (none below 0), of each no more than its demand, whose CPU and
   * memory keep within the offer's, in units: sizes and capacity alike become floor(amount x denominator / numerator).
   * The most of a knapsack over two whole-number dimensions is a table; offers with equal multipliers and units share one,
   * read at each offer's own capacities. Valid for any multipliers >= 0 and any units: it only lets more fit.
   */
  | {
      readonly kind: "relaxed";
      readonly z: string;
      readonly multipliers: Multipliers;
      /** undefined, and absent in the file: the dimension is left to its multiplier. */
      readonly cpuUnitMilli: Unit | undefined;
      readonly memoryUnitMib: Unit | undefined;
    }
  /**
   * Another offer of the same zone that costs no more and has no less of anything: its z holds here too. What no set can
   * use does not count: capacities above `instances` x the largest size of the zone's classes are taken as that much. The
   * other may be dominated in turn, but not, in the end, by itself.
   */
  | { readonly kind: "dominated"; readonly by: string };

/** Nano-dollars an hour for one mCPU, one MiB, one volume, one instance: whole, >= 0. */
export interface Multipliers {
  readonly cpuMilli: string;
  readonly memoryMib: string;
  readonly volumes: string;
  readonly instances: string;
}

/** A rational number > 0: [1000, 24] is a third of an eighth of a core in mCPU. */
export type Unit = readonly [numerator: number, denominator: number];
