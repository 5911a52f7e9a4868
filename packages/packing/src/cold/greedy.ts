import type { Pattern, VectorProblem } from "./vector-problem.ts";

/**
 * Bins one after the other, each the offer and pattern with the most value for its price of what is still wanted, repeated as
 * long as there is demand for it. Patterns are filled class by class: the most value for what it takes of the bin's scarcest
 * room. O(bins x offers x classes x items of a bin).
 */
export function greedyPatterns(
  problem: VectorProblem,
  offers: readonly number[],
  values: Float64Array,
  demand: Int32Array,
): { readonly pattern: Pattern; readonly times: number }[] {
  const left = Int32Array.from(demand);
  const result: { pattern: Pattern; times: number }[] = [];
  for (;;) {
    let best: { offer: number; counts: Int32Array; yield: number } | undefined;
    for (const offer of offers) {
      const { counts, value } = fillByValue(problem, offer, values, left);
      const yieldOf = value / (problem.prices[offer] as number);
      if (value > 0 && (best === undefined || yieldOf > best.yield)) best = { offer, counts, yield: yieldOf };
    }
    if (best === undefined) return result;
    const { offer, counts } = best;
    const classes = Int32Array.from(Array.from(counts.keys()).filter((c) => (counts[c] as number) > 0));
    let times = Number.POSITIVE_INFINITY;
    for (const c of classes) times = Math.min(times, Math.floor((left[c] as number) / (counts[c] as number)));
    for (const c of classes) left[c] = (left[c] as number) - times * (counts[c] as number);
    result.push({ pattern: { offer, classes, counts: classes.map((c) => counts[c] as number) }, times });
  }
}

function fillByValue(
  problem: VectorProblem,
  offer: number,
  values: Float64Array,
  wanted: Int32Array,
): { readonly counts: Int32Array; readonly value: number } {
  const { dimensions, classes, sizes, capacities } = problem;
  const room = capacities.slice(offer * dimensions, (offer + 1) * dimensions);
  const counts = new Int32Array(classes);
  let total = 0;
  for (;;) {
    let best = -1;
    let bestRatio = 0;
    for (let c = 0; c < classes; c++) {
      if ((counts[c] as number) >= (wanted[c] as number)) continue;
      let share = 0;
      let fits = true;
      for (let d = 0; d < dimensions; d++) {
        const size = sizes[c * dimensions + d] as number;
        const left = room[d] as number;
        if (size > left) {
          fits = false;
          break;
        }
        if (size > 0) share = Math.max(share, size / left);
      }
      if (!fits) continue;
      const ratio = (values[c] as number) / (share + 1e-9);
      if (ratio > bestRatio) {
        bestRatio = ratio;
        best = c;
      }
    }
    if (best === -1) return { counts, value: total };
    counts[best] = (counts[best] as number) + 1;
    total += values[best] as number;
    for (let d = 0; d < dimensions; d++) room[d] = (room[d] as number) - (sizes[best * dimensions + d] as number);
  }
}
