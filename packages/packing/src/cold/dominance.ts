import type { VectorProblem } from "./vector-problem.ts";

/**
 * Offers that another one of the same zone makes needless: it costs no more and has no less of anything; of equals the first
 * stays. Capacity that no set can use does not count: above what the bin's most instances, each of the zone's largest size,
 * would take.
 *
 * Gives for each offer the one that stays, or -1 for those that stay themselves. O(offers^2 x dimensions).
 */
export function dominators(problem: VectorProblem): Int32Array {
  const { offers, dimensions, prices, zoneOf } = problem;
  const capacities = usableCapacities(problem);
  const order = Array.from({ length: offers }, (_, offer) => offer).sort((a, b) => {
    const price = (prices[a] as number) - (prices[b] as number);
    if (price !== 0) return price;
    for (let d = 0; d < dimensions; d++) {
      const room = (capacities[b * dimensions + d] as number) - (capacities[a * dimensions + d] as number);
      if (room !== 0) return room;
    }
    return a - b;
  });
  const result = new Int32Array(offers).fill(-1);
  const staying: number[] = [];
  for (const offer of order) {
    const by = staying.find((other) => {
      if (zoneOf[other] !== zoneOf[offer]) return false;
      for (let d = 0; d < dimensions; d++) {
        if ((capacities[other * dimensions + d] as number) < (capacities[offer * dimensions + d] as number))
          return false;
      }
      return true;
    });
    if (by === undefined) staying.push(offer);
    else result[offer] = by;
  }
  return result;
}

function usableCapacities(problem: VectorProblem): Int32Array {
  const { offers, dimensions, classes, sizes, capacities, zoneOf, admits } = problem;
  const result = Int32Array.from(capacities);
  if (!problem.countsInstances) return result;
  for (let offer = 0; offer < offers; offer++) {
    const zone = zoneOf[offer] as number;
    const slots = capacities[(offer + 1) * dimensions - 1] as number;
    for (let d = 0; d < dimensions; d++) {
      let largest = 0;
      for (let c = 0; c < classes; c++) {
        if (admits[zone * classes + c] === 1) largest = Math.max(largest, sizes[c * dimensions + d] as number);
      }
      const at = offer * dimensions + d;
      result[at] = Math.min(result[at] as number, slots * largest);
    }
  }
  return result;
}
