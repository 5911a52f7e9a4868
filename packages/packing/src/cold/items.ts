import type { VectorProblem } from "./vector-problem.ts";

/**
 * The items of a problem one by one, for what classes cannot say: who may not share a bin with whom.
 *
 * Item i is of class `classOf[i]`, belongs to cluster `clusterOf[i]` (-1: none) and to tenant `tenantOf[i]` (-1: none), of
 * whom a bin takes at most `tenantLimit[tenant]`.
 */
export interface Items {
  readonly problem: VectorProblem;
  readonly count: number;
  readonly classOf: Int32Array;
  readonly clusterOf: Int32Array;
  readonly tenantOf: Int32Array;
  readonly tenantLimit: Int32Array;
}
