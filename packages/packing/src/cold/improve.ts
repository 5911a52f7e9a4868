import { type SeededRandom, seededRandom } from "@berth/domain";
import type { Bins } from "./bins.ts";
import { Pool } from "./pool.ts";

const MOST_RUINED = 6;
/** That one bin more is taken out, from the second on. */
const ONE_MORE_PERCENT = 30;
/** A bin to take out is the least worth of up to so many. */
const MOST_DRAWN = 12;
const OFFERS_TRIED = 6;
/** That classes are taken by what they are worth for their size, and not by their size. */
const BY_WORTH_PERCENT = 50;
/** By which share of itself a class's place in the order may be changed, at most. */
const NOISE = 0.6;
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
  readonly #pool: Pool;
  /** By class, and the pool's classes by it, the highest first. */
  readonly #keys: Float64Array;
  readonly #order: Int32Array;
  /** Of the bin that is being filled. */
  readonly #load: Int32Array;
  /** By dimension: how much size counts in it. */
  readonly #weights: Float64Array;
  /** Items of the bin that is being filled, and of the best one so far. */
  #taken: Int32Array;
  #bestTaken: Int32Array;
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
    const { classes, dimensions } = bins.items.problem;
    const most = Math.min(bins.items.count, MOST_RUINED * bins.stride);
    this.#pool = new Pool(bins.items.classOf, classes, most);
    this.#keys = new Float64Array(classes);
    this.#order = new Int32Array(Math.min(classes, most));
    this.#load = new Int32Array(dimensions);
    this.#weights = new Float64Array(dimensions);
    this.#taken = new Int32Array(bins.stride);
    this.#bestTaken = new Int32Array(bins.stride);
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
    let wanted = 2;
    while (wanted < MOST_RUINED && this.#random.chance(ONE_MORE_PERCENT)) wanted += 1;
    wanted = Math.min(wanted, this.#bins.size);
    const picked: number[] = [];
    // Few bins may be drawn again and again: then the first ones do.
    for (let draw = 0; picked.length < wanted && draw < 4 * wanted; draw++) {
      const bin = this.#pickBin(1 + this.#random.integer(MOST_DRAWN));
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
      items: bins.itemsOf.slice(bin * bins.stride, bin * bins.stride + (bins.countOf[bin] as number)),
    }));
    for (const bin of ruined) bins.close(bin);
    const first = bins.size;
    this.#pool.fill(saved.map(({ items }) => items));
    if (this.#recreate(before + mean)) {
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

  /**
   * Packs the pool into new bins, each the best yield of a few; false once all bins cost more than the limit. O(bins x offers
   * tried x items in the pool x items of a bin).
   */
  #recreate(limit: number): boolean {
    const bins = this.#bins;
    const pool = this.#pool;
    const { prices } = bins.items.problem;
    while (pool.left > 0) {
      let bestYield = -1;
      let bestOffer = -1;
      let bestCount = 0;
      for (let attempt = 0; attempt < OFFERS_TRIED; attempt++) {
        const drawn = this.#offers[this.#random.integer(this.#offers.length)] as number;
        this.#sortClasses(drawn);
        const count = this.#fill(drawn);
        if (count === 0) continue;
        const offer = this.#cheapestFor(drawn);
        let value = 0;
        for (let i = 0; i < count; i++) {
          value += this.#values[bins.items.classOf[this.#taken[i] as number] as number] as number;
        }
        const yieldOf = value / (prices[offer] as number);
        if (yieldOf <= bestYield) continue;
        bestYield = yieldOf;
        bestOffer = offer;
        bestCount = count;
        [this.#taken, this.#bestTaken] = [this.#bestTaken, this.#taken];
      }
      if (bestOffer === -1) {
        const hardest = pool.items[pool.starts[this.#order[0] as number] as number] as number;
        const cheapest = this.#offersByPrice.find((offer) => bins.holds(hardest, offer));
        if (cheapest === undefined) throw new Error(`item ${hardest} fits no offer`);
        bestOffer = cheapest;
        bestCount = 1;
        this.#bestTaken[0] = hardest;
      }
      const bin = bins.open(bestOffer);
      for (let i = 0; i < bestCount; i++) bins.put(this.#bestTaken[i] as number, bin);
      if (bins.cost > limit) return false;
      pool.remove(this.#bestTaken, bestCount);
    }
    return true;
  }

  /**
   * Puts the pool's classes in order, in a random view of what is large: the largest first, or those worth most for their
   * size. Small items come last by size and are then left to themselves, where slots end before anything else does.
   */
  #sortClasses(offer: number): void {
    const random = this.#random;
    const { dimensions, sizes, capacities } = this.#bins.items.problem;
    const { classes, size } = this.#pool;
    const order = this.#order;
    const weights = this.#weights;
    for (let d = 0; d < dimensions; d++) {
      weights[d] = random.fraction() ** 2 / Math.max(1, capacities[offer * dimensions + d] as number);
    }
    const noise = random.fraction() * NOISE;
    const byWorth = random.chance(BY_WORTH_PERCENT);
    for (let k = 0; k < size; k++) {
      const c = classes[k] as number;
      let weight = 0;
      for (let d = 0; d < dimensions; d++) weight += (weights[d] as number) * (sizes[c * dimensions + d] as number);
      const rating = byWorth ? (this.#values[c] as number) / Math.max(weight, Number.MIN_VALUE) : weight;
      const key = rating * (1 + noise * (random.fraction() - 0.5));
      this.#keys[c] = key;
      let at = k;
      for (; at > 0 && (this.#keys[order[at - 1] as number] as number) < key; at--) order[at] = order[at - 1] as number;
      order[at] = c;
    }
  }

  /** Fills a bin of the offer from the pool, class by class in order; how many items it has `#taken`. */
  #fill(offer: number): number {
    const { problem } = this.#bins.items;
    const { dimensions, sizes, capacities, countsInstances } = problem;
    const { size, starts, counts, items } = this.#pool;
    const load = this.#load.fill(0);
    const room = offer * dimensions;
    const slots = countsInstances ? (capacities[room + dimensions - 1] as number) : Number.POSITIVE_INFINITY;
    let count = 0;
    for (let k = 0; k < size && count < slots; k++) {
      const c = this.#order[k] as number;
      const end = (starts[c] as number) + (counts[c] as number);
      for (let at = starts[c] as number; at < end; at++) {
        let fits = true;
        for (let d = 0; d < dimensions && fits; d++) {
          fits = (load[d] as number) + (sizes[c * dimensions + d] as number) <= (capacities[room + d] as number);
        }
        if (!fits) break;
        const item = items[at] as number;
        if (this.#conflicts(item, count)) continue;
        this.#taken[count++] = item;
        for (let d = 0; d < dimensions; d++) load[d] = (load[d] as number) + (sizes[c * dimensions + d] as number);
      }
    }
    return count;
  }

  /** With the first so many taken, as in `Bins`. */
  #conflicts(item: number, count: number): boolean {
    const { clusterOf, tenantOf, tenantLimit } = this.#bins.items;
    const cluster = clusterOf[item] as number;
    const tenant = tenantOf[item] as number;
    if (cluster === -1 && tenant === -1) return false;
    let left = tenant === -1 ? Number.POSITIVE_INFINITY : (tenantLimit[tenant] as number);
    for (let i = 0; i < count; i++) {
      const other = this.#taken[i] as number;
      if (cluster !== -1 && clusterOf[other] === cluster) return true;
      if (tenant !== -1 && tenantOf[other] === tenant && --left <= 0) return true;
    }
    return false;
  }

  /** The cheapest offer that holds the load, the given one if none is cheaper. */
  #cheapestFor(offer: number): number {
    const { dimensions, capacities, prices } = this.#bins.items.problem;
    const load = this.#load;
    for (let i = 0; i < this.#offersByPrice.length; i++) {
      const other = this.#offersByPrice[i] as number;
      if ((prices[other] as number) >= (prices[offer] as number)) break;
      let holds = true;
      for (let d = 0; d < dimensions && holds; d++) {
        holds = (load[d] as number) <= (capacities[other * dimensions + d] as number);
      }
      if (holds) return other;
    }
    return offer;
  }
}
