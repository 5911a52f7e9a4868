import type { SeededRandom } from "@berth/domain";
import { type BinColumns, type BinPattern, patternOf } from "./bin-columns.ts";

/** Bins with at least this much of a pattern in the program's solution are taken as they are. */
const WHOLE = 0.999;
/** How a dive goes: the first one soon ends, those after it look closer. */
interface Pace {
  /** Least use of a pattern that a step may take beside the likeliest one. */
  readonly likely: number;
  /** Share of the bins still to come that a step may take. */
  readonly stepShare: number;
  /** Times that new patterns are looked for in a step. */
  readonly priced: number;
}
const FIRST: Pace = { likely: 0.3, stepShare: 0.2, priced: 1 };
const LATER: Pace = { likely: 0.6, stepShare: 0.06, priced: 3 };
/** By which the likelihood of a pattern may be changed, in a dive after the first. */
const NOISE = 0.5;

/**
 * Makes whole bins of the master program: patterns that its solution uses most are taken, the program is solved again for the
 * items that are left, with new patterns of them, and so on. A dive that can no longer end with fewer bins than `fewest` goes
 * back to a part of what it took, and takes other patterns from there.
 */
export class Dive {
  readonly #columns: BinColumns;
  readonly #demand: Int32Array;
  readonly #random: SeededRandom;
  #taken: BinPattern[] = [];
  #pace = FIRST;
  #noise = 0;

  constructor(columns: BinColumns, demand: Int32Array, random: SeededRandom) {
    this.#columns = columns;
    this.#demand = demand;
    this.#random = random;
  }

  /** One step; the patterns of a packing with fewer than `fewest` bins once there is one. */
  async step(fewest: number): Promise<readonly BinPattern[] | undefined> {
    const columns = this.#columns;
    const left = Int32Array.from(this.#demand);
    for (const { classes, counts } of this.#taken) {
      classes.forEach((c, i) => {
        left[c] = (left[c] as number) - (counts[i] as number);
      });
    }
    let cost = await columns.solve(left);
    for (let priced = 0; priced < this.#pace.priced && columns.price(left) > 0; priced++)
      cost = await columns.solve(left);
    if (this.#taken.length + Math.ceil(cost - 1e-6) >= fewest) {
      this.#goBack();
      return undefined;
    }
    const wanted = Math.max(1, Math.floor(cost * this.#pace.stepShare));
    const rated = columns.patterns
      .map((pattern, index) => ({ pattern, use: columns.use[index] as number }))
      .filter(({ use }) => use > 1e-6)
      .map((one) => ({
        ...one,
        rating: one.use + (one.use < WHOLE ? this.#noise * (this.#random.fraction() - 0.5) : 0),
      }))
      .sort((a, b) => b.rating - a.rating);
    let steps = 0;
    for (const { pattern, use, rating } of rated) {
      if (steps > 0 && use < WHOLE && (steps >= wanted || rating < this.#pace.likely)) continue;
      const trimmed = trim(pattern, left);
      if (trimmed.classes.length === 0 || (steps > 0 && isLess(trimmed, pattern))) continue;
      for (let times = 0; times < Math.max(1, Math.floor(use + 1 - WHOLE)); times++) {
        const again = trim(trimmed, left);
        if (again.classes.length === 0 || (times > 0 && isLess(again, trimmed))) break;
        this.#taken.push(again);
        again.classes.forEach((c, i) => {
          left[c] = (left[c] as number) - (again.counts[i] as number);
        });
      }
      steps += 1;
    }
    if (left.some((count) => count > 0)) return undefined;
    const result = this.#taken;
    this.#goBack();
    return result;
  }

  /** After the first dive all the way, as that one took much at once. */
  #goBack(): void {
    if (this.#pace === FIRST) {
      this.#pace = LATER;
      this.#taken = [];
    } else {
      this.#noise = NOISE;
      this.#taken = this.#taken.slice(0, this.#random.integer(this.#taken.length + 1));
    }
  }

  /** The first dive has ended. */
  get isFine(): boolean {
    return this.#pace === LATER;
  }
}

/** No more of each class than is left. */
function trim({ classes, counts }: BinPattern, left: Int32Array): BinPattern {
  const result = new Int32Array(left.length);
  classes.forEach((c, i) => {
    result[c] = Math.min(counts[i] as number, left[c] as number);
  });
  return patternOf(result);
}

function isLess(one: BinPattern, other: BinPattern): boolean {
  return one.counts.reduce((sum, count) => sum + count, 0) < other.counts.reduce((sum, count) => sum + count, 0);
}
