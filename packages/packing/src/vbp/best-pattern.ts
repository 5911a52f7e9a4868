/** Equal bins, and what is wanted in them: sizes[c * dimensions + d], whole numbers. */
export interface EqualBins {
  readonly dimensions: number;
  readonly classes: number;
  readonly sizes: Int32Array;
  readonly demand: Int32Array;
  readonly capacity: Int32Array;
}

/** Of the surrogate's room: with it every sum of surrogate sizes is exact. */
const SURROGATE_ROOM = 2 ** 44;
/** No dimension weighs less than this in the surrogate, or items that take of it alone would take nothing. */
const LEAST_WEIGHT = 0.01;
const WEIGHT_STEPS = 40;

/**
 * The most valuable set of items that fits one bin, by branch and bound.
 *
 * Items stand in the order of value for surrogate size (the dimensions in one, weighed by multipliers of the relaxation in
 * which parts of items may be taken); a branch holds the items after its last one that still fit every dimension, and is worth
 * at most what it has and the parts of those that fill the surrogate's room. Values are whole numbers and so are surrogate
 * sizes; a bound that comes of a division is taken to the next whole number above, which errors of floats are far below: they
 * cannot prune what is better.
 */
export class PatternSearch {
  readonly #bins: EqualBins;
  /** The multipliers of the last search, where the next begins; a capacity of a dimension is 1. */
  readonly #weights: Float64Array;
  /** Counts of the last search's best set, by class. */
  readonly best: Int32Array;
  /** Whole: the best set's value, or what it had to exceed when none does. */
  value = 0;
  /** Whole: no set is worth more. */
  bound = 0;

  // By place in the order, one entry for each copy of a class that a bin may hold.
  #classAt = new Int32Array(0);
  #worthAt = new Float64Array(0);
  #surrogateAt = new Float64Array(0);
  /** Places of each level's candidates, one level after the other. */
  #candidates = new Int32Array(0);
  /** Of each dimension, in the surrogate. */
  #scaled: Float64Array;
  #entries = 0;
  /** Candidates that may still be looked at. */
  #left = 0;
  readonly #room: Int32Array;
  readonly #taken: number[] = [];

  constructor(bins: EqualBins) {
    this.#bins = bins;
    this.#weights = new Float64Array(bins.dimensions).fill(1 / bins.dimensions);
    this.best = new Int32Array(bins.classes);
    this.#room = new Int32Array(bins.dimensions);
    this.#scaled = new Float64Array(bins.dimensions);
  }

  /**
   * Looks at no more than `visits` candidates, a little more at the end. `worth` by class is whole, from 0, 0 for items that
   * take nothing, and for all items below 2^50; `available` says how many of each there are. True when a set is worth more
   * than `above`; it is in `best` then. With `again` the values are those of the last search, and its multipliers will do.
   * O(visits x dimensions).
   */
  run(worth: Float64Array, available: Int32Array, above: number, visits: number, again = false): boolean {
    const { dimensions, capacity } = this.#bins;
    this.#order(worth, available, again);
    this.#left = visits;
    this.value = above;
    this.bound = above;
    this.best.fill(0);
    this.#room.set(capacity);
    this.#taken.length = 0;
    for (let i = 0; i < this.#entries; i++) this.#candidates[i] = i;
    let surrogate = 0;
    for (let d = 0; d < dimensions; d++) surrogate += (this.#scaled[d] as number) * (capacity[d] as number);
    this.#branch(0, this.#entries, 0, surrogate);
    this.bound = Math.max(this.bound, this.value);
    return this.value > above;
  }

  #order(worth: Float64Array, available: Int32Array, again: boolean): void {
    const { dimensions, classes, sizes, capacity } = this.#bins;
    const wanted: number[] = [];
    const copies: number[] = [];
    for (let c = 0; c < classes; c++) {
      if ((worth[c] as number) <= 0 || (available[c] as number) <= 0) continue;
      wanted.push(c);
      copies.push(Math.min(available[c] as number, fittingInABin(this.#bins, c)));
    }
    if (!again) this.#weigh(worth, wanted, copies);
    const sum = this.#weights.reduce((total, weight) => total + Math.max(LEAST_WEIGHT, weight), 0);
    this.#scaled = this.#weights.map((weight, d) =>
      Math.floor(((Math.max(LEAST_WEIGHT, weight) / sum) * SURROGATE_ROOM) / (capacity[d] as number)),
    );
    const surrogateOf = (c: number) => {
      let size = 0;
      for (let d = 0; d < dimensions; d++) size += (this.#scaled[d] as number) * (sizes[c * dimensions + d] as number);
      return size;
    };
    const rows = wanted
      .map((c, i) => ({ c, copies: copies[i] as number, surrogate: surrogateOf(c), worth: worth[c] as number }))
      .sort((a, b) => b.worth * a.surrogate - a.worth * b.surrogate || a.c - b.c);
    this.#entries = copies.reduce((total, count) => total + count, 0);
    if (this.#classAt.length < this.#entries) {
      this.#classAt = new Int32Array(this.#entries);
      this.#worthAt = new Float64Array(this.#entries);
      this.#surrogateAt = new Float64Array(this.#entries);
    }
    if (this.#candidates.length < this.#entries) this.#candidates = new Int32Array(4 * this.#entries);
    let at = 0;
    for (const row of rows) {
      for (let copy = 0; copy < row.copies; copy++, at++) {
        this.#classAt[at] = row.c;
        this.#worthAt[at] = row.worth;
        this.#surrogateAt[at] = row.surrogate;
      }
    }
  }

  /** Subgradient steps towards the multipliers with the least relaxation; any multipliers are valid, good ones prune more. */
  #weigh(worth: Float64Array, wanted: readonly number[], copies: readonly number[]): void {
    const { dimensions, sizes, capacity } = this.#bins;
    if (wanted.length === 0) return;
    const scale = 1 / wanted.reduce((most, c) => Math.max(most, worth[c] as number), 1);
    const shares = new Float64Array(wanted.length * dimensions);
    wanted.forEach((c, i) => {
      for (let d = 0; d < dimensions; d++) {
        shares[i * dimensions + d] = (sizes[c * dimensions + d] as number) / (capacity[d] as number);
      }
    });
    const weights = Float64Array.from(this.#weights);
    const gradient = new Float64Array(dimensions);
    let least = Number.POSITIVE_INFINITY;
    for (let step = 0; step < WEIGHT_STEPS; step++) {
      let total = 0;
      for (let d = 0; d < dimensions; d++) {
        total += weights[d] as number;
        gradient[d] = 1;
      }
      for (let i = 0; i < wanted.length; i++) {
        let left = (worth[wanted[i] as number] as number) * scale;
        for (let d = 0; d < dimensions; d++) left -= (weights[d] as number) * (shares[i * dimensions + d] as number);
        if (left <= 0) continue;
        const count = copies[i] as number;
        total += count * left;
        for (let d = 0; d < dimensions; d++) {
          gradient[d] = (gradient[d] as number) - count * (shares[i * dimensions + d] as number);
        }
      }
      if (total < least) {
        least = total;
        this.#weights.set(weights);
      }
      const square = gradient.reduce((sum, one) => sum + one * one, 0);
      if (square < 1e-12) return;
      const length = (0.3 * total) / ((1 + 0.3 * step) * square);
      for (let d = 0; d < dimensions; d++) {
        weights[d] = Math.max(0, (weights[d] as number) - length * (gradient[d] as number));
      }
    }
  }

  /** Candidates are `count` places from `start` on, in the order; those of the next level come behind them. */
  #branch(start: number, count: number, worth: number, surrogate: number): void {
    const { dimensions, sizes } = this.#bins;
    const end = start + count;
    if (this.#candidates.length < end + count) {
      const grown = new Int32Array(2 * (end + count));
      grown.set(this.#candidates);
      this.#candidates = grown;
    }
    let before = -1;
    for (let i = start; i < end; i++) {
      const place = this.#candidates[i] as number;
      const c = this.#classAt[place] as number;
      // Taking a copy after leaving one out was looked at already.
      if (c === before) continue;
      const most = worth + this.#most(i, end, surrogate);
      if (most <= this.value) return;
      if (this.#left <= 0) {
        this.bound = Math.max(this.bound, most);
        return;
      }
      before = c;
      for (let d = 0; d < dimensions; d++) {
        this.#room[d] = (this.#room[d] as number) - (sizes[c * dimensions + d] as number);
      }
      const candidates = this.#candidates;
      let next = end;
      for (let j = i + 1; j < end; j++) {
        const other = candidates[j] as number;
        const at = (this.#classAt[other] as number) * dimensions;
        let fits = true;
        for (let d = 0; d < dimensions; d++) {
          if ((sizes[at + d] as number) > (this.#room[d] as number)) {
            fits = false;
            break;
          }
        }
        if (fits) candidates[next++] = other;
      }
      this.#left -= end - i;
      const now = worth + (this.#worthAt[place] as number);
      this.#taken.push(c);
      if (now > this.value) {
        this.value = now;
        this.best.fill(0);
        for (const one of this.#taken) this.best[one] = (this.best[one] as number) + 1;
      }
      if (next > end) this.#branch(end, next - end, now, surrogate - (this.#surrogateAt[place] as number));
      this.#taken.pop();
      for (let d = 0; d < dimensions; d++) {
        this.#room[d] = (this.#room[d] as number) + (sizes[c * dimensions + d] as number);
      }
    }
  }

  /** What the candidates can add at most, parts of the last one counted. */
  #most(from: number, end: number, surrogate: number): number {
    let room = surrogate;
    let sum = 0;
    for (let i = from; i < end; i++) {
      const place = this.#candidates[i] as number;
      const size = this.#surrogateAt[place] as number;
      if (size > room) return sum + Math.floor(((this.#worthAt[place] as number) * room) / size) + 1;
      room -= size;
      sum += this.#worthAt[place] as number;
    }
    return sum;
  }
}

/** How many items of a class one bin holds, of those that there are. */
export function fittingInABin({ dimensions, sizes, capacity, demand }: EqualBins, c: number): number {
  let most = demand[c] as number;
  for (let d = 0; d < dimensions; d++) {
    const size = sizes[c * dimensions + d] as number;
    if (size > 0) most = Math.min(most, Math.floor((capacity[d] as number) / size));
  }
  return most;
}
