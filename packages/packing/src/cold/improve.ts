import { type SeededRandom, seededRandom } from "../seeded-random.ts";
import type { Bins } from "./bins.ts";

const MOST_RUINED = 6;
const OFFERS_TRIED = 4;
/** What it is worth, in prices, that room is left in few bins rather than many: without it equal prices lead nowhere. */
const CONCENTRATION = 1;

/**
 * Ruin and recreate: takes out a few bins, those with little value for their price more often, and packs their items anew in
 * random ways; keeps the outcome when it costs less, or as much with what room is left in fewer bins. All on items, so
 * conflicts are kept throughout. `run` does a number of iterations and may be called again; `best` is the cheapest state.
 */
export class Improvement {
  readonly #bins: Bins;
  readonly #offers: readonly number[];
  readonly #offersByPrice: Int32Array;
  readonly #random: SeededRandom;
  #values: Float64Array;
  #best: Bins;
  iterations = 0;

  /** Starts at the bins; `best` is what is known already, if that costs less. */
  constructor(
    bins: Bins,
    offers: readonly number[],
    offersByPrice: Int32Array,
    values: Float64Array,
    seed: number,
    best?: Bins,
  ) {
    this.#bins = bins;
    this.#best = best !== undefined && best.cost <= bins.cost ? best : bins.copy();
    this.#offers = offers;
    this.#offersByPrice = offersByPrice;
    this.#values = values;
    this.#random = seededRandom(seed);
  }

  get best(): Bins {
    return this.#best;
  }

  /** What one item of each class is worth: duals, or an estimate. */
  setValues(values: Float64Array): void {
    this.#values = values;
  }

  run(iterations: number): void {
    if (this.#bins.size === 0) return;
    for (let i = 0; i < iterations; i++) this.#iterate();
    this.iterations += iterations;
    if (this.#bins.cost < this.#best.cost) this.#best = this.#bins.copy();
  }

  #worth(bin: number): number {
    const bins = this.#bins;
    let value = 0;
    for (let i = 0; i < (bins.countOf[bin] as number); i++) {
      const item = bins.itemsOf[bin * bins.stride + i] as number;
      value += this.#values[bins.items.classOf[item] as number] as number;
    }
    return value / (bins.items.problem.prices[bins.offerOf[bin] as number] as number);
  }

  /** Price times the square of the yield: more, for the same items at the same price, when room is left in few bins. */
  #fullness(bin: number): number {
    const worth = this.#worth(bin);
    return worth * worth * (this.#bins.items.problem.prices[this.#bins.offerOf[bin] as number] as number);
  }

  /** The least worth of so many drawn. */
  #pickBin(drawn: number): number {
    let pick = this.#random.integer(this.#bins.size);
    let least = drawn > 1 ? this.#worth(pick) : 0;
    for (let i = 1; i < drawn; i++) {
      const other = this.#random.integer(this.#bins.size);
      const worth = this.#worth(other);
      if (worth < least) {
        least = worth;
        pick = other;
      }
    }
    return pick;
  }

  #pickBins(): number[] {
    const wanted = Math.min(this.#bins.size, 2 + this.#random.integer(MOST_RUINED - 1));
    const picked: number[] = [];
    // Few bins may be drawn again and again: then the first ones do.
    for (let draw = 0; picked.length < wanted && draw < 4 * wanted; draw++) {
      const bin = this.#pickBin(1 + this.#random.integer(4));
      if (!picked.includes(bin)) picked.push(bin);
    }
    for (let bin = 0; picked.length < wanted; bin++) if (!picked.includes(bin)) picked.push(bin);
    return picked.sort((a, b) => b - a);
  }

  #iterate(): void {
    const bins = this.#bins;
    const ruined = this.#pickBins();
    const before = bins.cost;
    const mean = before / bins.size;
    let fullness = 0;
    for (const bin of ruined) fullness += this.#fullness(bin);
    const saved = ruined.map((bin) => ({
      offer: bins.offerOf[bin] as number,
      items: Array.from(bins.itemsOf.subarray(bin * bins.stride, bin * bins.stride + (bins.countOf[bin] as number))),
    }));
    for (const bin of ruined) bins.close(bin);
    const first = bins.size;
    const pool = saved.flatMap(({ items }) => items);
    if (this.#recreate(pool, before + mean)) {
      let after = 0;
      for (let bin = first; bin < bins.size; bin++) after += this.#fullness(bin);
      if (bins.cost - before <= CONCENTRATION * (after - fullness)) return;
    }
    while (bins.size > first) bins.close(bins.size - 1);
    for (const { offer, items } of saved) {
      const bin = bins.open(offer);
      for (const item of items) bins.put(item, bin);
    }
  }

  /** Packs the pool into new bins; false once all bins cost more than the limit. */
  #recreate(pool: readonly number[], limit: number): boolean {
    const bins = this.#bins;
    const { problem, classOf } = bins.items;
    let left = this.#shuffled(pool);
    while (left.length > 0) {
      let bestYield = 0;
      let bestOffer = -1;
      let bestTaken: number[] = [];
      for (let attempt = 0; attempt < OFFERS_TRIED; attempt++) {
        const bin = bins.open(this.#offers[this.#random.integer(this.#offers.length)] as number);
        const taken: number[] = [];
        let value = 0;
        for (const item of left) {
          if (!bins.fits(item, bin)) continue;
          bins.put(item, bin);
          taken.push(item);
          value += this.#values[classOf[item] as number] as number;
        }
        bins.shrink(bin, this.#offersByPrice);
        const offer = bins.offerOf[bin] as number;
        bins.close(bin);
        const yieldOf = value / (problem.prices[offer] as number);
        if (taken.length > 0 && (bestOffer === -1 || yieldOf > bestYield)) {
          bestYield = yieldOf;
          bestOffer = offer;
          bestTaken = taken;
        }
      }
      if (bestOffer === -1) {
        const hardest = left[0] as number;
        const cheapest = this.#offersByPrice.find((offer) => bins.holds(hardest, offer));
        if (cheapest === undefined) throw new Error(`item ${hardest} fits no offer`);
        bestOffer = cheapest;
        bestTaken = [hardest];
      }
      const bin = bins.open(bestOffer);
      for (const item of bestTaken) bins.put(item, bin);
      if (bins.cost > limit) return false;
      const gone = new Set(bestTaken);
      left = left.filter((item) => !gone.has(item));
    }
    return true;
  }

  /** Largest first, in a random view of what is large. */
  #shuffled(pool: readonly number[]): number[] {
    const random = this.#random;
    const { problem, classOf } = this.#bins.items;
    const { dimensions, sizes, capacities } = problem;
    const weights = Array.from({ length: dimensions }, () => random.fraction() ** 2);
    const noise = random.fraction() * 0.6;
    const reference = (this.#offers[random.integer(this.#offers.length)] as number) * dimensions;
    const keys = new Map<number, number>();
    for (const item of pool) {
      const c = (classOf[item] as number) * dimensions;
      let size = 0;
      for (let d = 0; d < dimensions; d++) {
        size += ((weights[d] as number) * (sizes[c + d] as number)) / Math.max(1, capacities[reference + d] as number);
      }
      keys.set(item, size * (1 + noise * (random.fraction() - 0.5)));
    }
    return [...pool].sort((a, b) => (keys.get(b) as number) - (keys.get(a) as number));
  }
}
