/**
 * Variable-cost vector bin packing at the level of classes: items of equal size and equal zones are one class with a demand.
 *
 * Row-major typed arrays: `sizes[class * dimensions + d]`, `capacities[offer * dimensions + d]`, `admits[zone * classes +
 * class]`. All sizes, capacities and demands are whole numbers; prices are whole micro-dollars an hour, or 1 where bins are
 * counted.
 */
export interface VectorProblem {
  readonly dimensions: number;
  readonly classes: number;
  readonly sizes: Int32Array;
  readonly demand: Int32Array;
  readonly offers: number;
  readonly capacities: Int32Array;
  readonly prices: Float64Array;
  /** Of each offer; an offer is a type in a zone. */
  readonly zoneOf: Int32Array;
  /** 1 where a class may go to a zone. */
  readonly admits: Uint8Array;
  /** The last dimension counts instances: every size in it is 1. */
  readonly countsInstances: boolean;
}

/** How many of each class go into one bin of the offer. */
export interface Pattern {
  readonly offer: number;
  /** Classes in ascending order, and how many of each. */
  readonly classes: Int32Array;
  readonly counts: Int32Array;
}

export function mayGo(problem: VectorProblem, c: number, offer: number): boolean {
  return problem.admits[(problem.zoneOf[offer] as number) * problem.classes + c] === 1;
}

/** How many of a class, and nothing else, an offer holds; 0 where the class may not go. */
export function fitting(problem: VectorProblem, c: number, offer: number): number {
  if (!mayGo(problem, c, offer)) return 0;
  const { dimensions, sizes, capacities } = problem;
  let most = Number.POSITIVE_INFINITY;
  for (let d = 0; d < dimensions; d++) {
    const size = sizes[c * dimensions + d] as number;
    if (size > 0) most = Math.min(most, Math.floor((capacities[offer * dimensions + d] as number) / size));
  }
  return most;
}

/** The most that any offer has of a dimension. */
export function largestCapacity(problem: VectorProblem, d: number): number {
  let most = 0;
  for (let offer = 0; offer < problem.offers; offer++) {
    most = Math.max(most, problem.capacities[offer * problem.dimensions + d] as number);
  }
  return most;
}

export function patternOf(offer: number, counts: Int32Array): Pattern {
  const classes = Int32Array.from(Array.from(counts.keys()).filter((c) => (counts[c] as number) > 0));
  return { offer, classes, counts: classes.map((c) => counts[c] as number) };
}
