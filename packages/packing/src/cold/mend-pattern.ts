import { mayGo, type VectorProblem } from "./vector-problem.ts";

const NONE = -1;
const PASSES = 12;
/** Classes that may come in: those with the most value for their share of the offer. */
const CANDIDATES = 40;

/**
 * Makes a set of instances fit an offer, and then better, by small exchanges: one or two out, none to two in, each time the
 * one that loses least for the room it frees, or gains most. `counts` by class is changed in place.
 *
 * O(passes x distinct pairs x classes) for the repair and O(passes x distinct classes x classes^2) for the rest, of classes
 * with a value.
 */
export function mendPattern(problem: VectorProblem, offer: number, values: Float64Array, counts: Int32Array): void {
  const { dimensions, classes, sizes, demand, capacities } = problem;
  const share = (c: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      sum += (sizes[c * dimensions + d] as number) / Math.max(1, capacities[offer * dimensions + d] as number);
    }
    return sum;
  };
  const useful = Array.from({ length: classes }, (_, c) => c)
    .filter((c) => (values[c] as number) > 0 && mayGo(problem, c, offer))
    .map((c) => ({ c, ratio: (values[c] as number) / share(c) }))
    .sort((a, b) => b.ratio - a.ratio || a.c - b.c)
    .slice(0, CANDIDATES)
    .map(({ c }) => c);
  const left = Int32Array.from(capacities.subarray(offer * dimensions, (offer + 1) * dimensions));
  const shift = (c: number, count: number) => {
    counts[c] = (counts[c] as number) + count;
    for (let d = 0; d < dimensions; d++) left[d] = (left[d] as number) - count * (sizes[c * dimensions + d] as number);
  };
  for (let c = 0; c < classes; c++) {
    const count = Math.min(counts[c] as number, demand[c] as number);
    counts[c] = count;
    for (let d = 0; d < dimensions; d++) left[d] = (left[d] as number) - count * (sizes[c * dimensions + d] as number);
  }
  const overuse = (out1: number, out2: number, in1: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      let room = left[d] as number;
      if (out1 !== NONE) room += sizes[out1 * dimensions + d] as number;
      if (out2 !== NONE) room += sizes[out2 * dimensions + d] as number;
      if (in1 !== NONE) room -= sizes[in1 * dimensions + d] as number;
      if (room < 0) sum -= room / Math.max(1, capacities[offer * dimensions + d] as number);
    }
    return sum;
  };
  const fits = (out1: number, out2: number, in1: number, in2: number) => {
    for (let d = 0; d < dimensions; d++) {
      let room = left[d] as number;
      if (out1 !== NONE) room += sizes[out1 * dimensions + d] as number;
      if (out2 !== NONE) room += sizes[out2 * dimensions + d] as number;
      if (in1 !== NONE) room -= sizes[in1 * dimensions + d] as number;
      if (in2 !== NONE) room -= sizes[in2 * dimensions + d] as number;
      if (room < 0) return false;
    }
    return true;
  };
  const inside = () => Array.from(counts.keys()).filter((c) => (counts[c] as number) > 0);
  const isFree = (c: number, more: number) => (counts[c] as number) + more <= (demand[c] as number);

  for (let excess = overuse(NONE, NONE, NONE); excess > 0; excess = overuse(NONE, NONE, NONE)) {
    let best: readonly [number, number, number] | undefined;
    let least = Number.POSITIVE_INFINITY;
    const present = inside();
    for (const [i, a] of present.entries()) {
      for (const b of [NONE, ...present.slice(i)]) {
        if (a === b && (counts[a] as number) < 2) continue;
        for (const c of b === NONE ? [NONE] : [NONE, ...useful]) {
          if (c !== NONE && (c === a || c === b || !isFree(c, 1))) continue;
          const freed = excess - overuse(a, b, c);
          if (freed <= 0) continue;
          const lost =
            (values[a] as number) + (b === NONE ? 0 : (values[b] as number)) - (c === NONE ? 0 : (values[c] as number));
          const ratio = lost / freed;
          if (ratio < least) {
            least = ratio;
            best = [a, b, c];
          }
        }
      }
    }
    if (best === undefined) throw new Error("an empty set fits");
    shift(best[0], -1);
    if (best[1] !== NONE) shift(best[1], -1);
    if (best[2] !== NONE) shift(best[2], 1);
  }

  for (let pass = 0; pass < PASSES; pass++) {
    let best: readonly [number, number, number, number] | undefined;
    let most = 0;
    const consider = (out1: number, out2: number, in1: number, in2: number) => {
      let gain = values[in1] as number;
      if (in2 !== NONE) gain += values[in2] as number;
      if (out1 !== NONE) gain -= values[out1] as number;
      if (out2 !== NONE) gain -= values[out2] as number;
      if (gain > most && fits(out1, out2, in1, in2)) {
        most = gain;
        best = [out1, out2, in1, in2];
      }
    };
    const present = inside();
    for (const [j, c] of useful.entries()) {
      if (!isFree(c, 1)) continue;
      consider(NONE, NONE, c, NONE);
      for (const [i, a] of present.entries()) {
        if (a === c) continue;
        consider(a, NONE, c, NONE);
        for (const b of present.slice(i)) {
          if (b !== c && (a !== b || (counts[a] as number) > 1)) consider(a, b, c, NONE);
        }
        for (let k = j; k < useful.length; k++) {
          const e = useful[k] as number;
          if (e !== a && isFree(e, e === c ? 2 : 1)) consider(a, NONE, c, e);
        }
      }
    }
    if (best === undefined || most <= 1e-9) return;
    const [out1, out2, in1, in2] = best as readonly [number, number, number, number];
    if (out1 !== NONE) shift(out1, -1);
    if (out2 !== NONE) shift(out2, -1);
    shift(in1, 1);
    if (in2 !== NONE) shift(in2, 1);
  }
}
