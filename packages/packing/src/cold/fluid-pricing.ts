import { fitting, type VectorProblem } from "./vector-problem.ts";

const MOST_STEPS = 2_000;
/** Steps of the steepest kind; after them the first that betters is taken, so that no circle is gone for ever. */
const STEEP_STEPS = 500;
const EPSILON = 1e-9;

/** What an offer is worth at most where instances may be cut into parts, and the multipliers that prove it. */
export interface FluidPrice {
  readonly bound: number;
  /** By dimension, >= 0: what a unit of the offer's room is worth. */
  readonly multipliers: Float64Array;
}

/**
 * Prices offers by a linear program: the most value of parts of classes, of each no more than its demand, in the offer's room.
 *
 * Any multipliers m >= 0 bound that by m . room + the sum of demand x max(0, value - m . size), and the best of them are the
 * program's duals. So the bound that is given holds whatever rounding did to the duals. A large machine of small instances
 * loses little by cutting, and needs no table: that many instances have sizes of their own does not matter here.
 *
 * The simplex method with bounds on the variables, one row a dimension: O(classes x dimensions) a step, and about as many
 * steps as classes that a machine holds.
 */
export class FluidPricing {
  readonly #problem: VectorProblem;
  /** By row of the basis: its variable (a class, or -1 - dimension for what is left of it), amount, and row of the inverse. */
  readonly #basis: Int32Array;
  readonly #amounts: Float64Array;
  readonly #inverse: Float64Array;
  readonly #column: Float64Array;
  readonly #duals: Float64Array;
  /** By class: 1 where all of it is taken. */
  readonly #isFull: Uint8Array;
  readonly #isBasic: Uint8Array;

  constructor(problem: VectorProblem) {
    const { dimensions, classes } = problem;
    this.#problem = problem;
    this.#basis = new Int32Array(dimensions);
    this.#amounts = new Float64Array(dimensions);
    this.#inverse = new Float64Array(dimensions * dimensions);
    this.#column = new Float64Array(dimensions);
    this.#duals = new Float64Array(dimensions);
    this.#isFull = new Uint8Array(classes);
    this.#isBasic = new Uint8Array(classes);
  }

  price(offer: number, values: Float64Array): FluidPrice {
    const { dimensions, capacities, demand, classes } = this.#problem;
    const members: number[] = [];
    for (let c = 0; c < classes; c++) {
      if ((values[c] as number) > 0 && (demand[c] as number) > 0 && fitting(this.#problem, c, offer) > 0)
        members.push(c);
    }
    this.#isFull.fill(0);
    this.#isBasic.fill(0);
    this.#inverse.fill(0);
    for (let d = 0; d < dimensions; d++) {
      this.#basis[d] = -1 - d;
      this.#amounts[d] = capacities[offer * dimensions + d] as number;
      this.#inverse[d * dimensions + d] = 1;
    }
    for (let step = 0; step < MOST_STEPS; step++) if (!this.#step(members, values, step < STEEP_STEPS)) break;
    const multipliers = this.#duals.map((dual) => Math.max(0, dual));
    let bound = 0;
    for (let d = 0; d < dimensions; d++) {
      bound += (multipliers[d] as number) * (capacities[offer * dimensions + d] as number);
    }
    for (const c of members) bound += (demand[c] as number) * Math.max(0, this.#excess(c, values, multipliers));
    return { bound, multipliers };
  }

  /** What one of a class is worth beyond its sizes. */
  #excess(c: number, values: Float64Array, multipliers: Float64Array): number {
    const { dimensions, sizes } = this.#problem;
    let excess = values[c] as number;
    for (let d = 0; d < dimensions; d++) {
      excess -= (multipliers[d] as number) * (sizes[c * dimensions + d] as number);
    }
    return excess;
  }

  #priceRows(values: Float64Array): void {
    const { dimensions } = this.#problem;
    this.#duals.fill(0);
    for (let row = 0; row < dimensions; row++) {
      const variable = this.#basis[row] as number;
      if (variable < 0) continue;
      for (let d = 0; d < dimensions; d++) {
        this.#duals[d] =
          (this.#duals[d] as number) + (values[variable] as number) * (this.#inverse[row * dimensions + d] as number);
      }
    }
  }

  /** One exchange; false when none betters. */
  #step(members: readonly number[], values: Float64Array, steep: boolean): boolean {
    const { dimensions, demand } = this.#problem;
    this.#priceRows(values);
    let entering: number | undefined;
    let most = 0;
    const consider = (variable: number, gain: number, scale: number): void => {
      if (gain <= EPSILON * scale || (!steep && entering !== undefined) || gain / scale <= most) return;
      entering = variable;
      most = gain / scale;
    };
    for (const c of members) {
      if (this.#isBasic[c] === 1) continue;
      const excess = this.#excess(c, values, this.#duals);
      consider(c, this.#isFull[c] === 1 ? -excess : excess, values[c] as number);
    }
    for (let d = 0; d < dimensions; d++) {
      if ((this.#duals[d] as number) < 0 && !this.#basis.includes(-1 - d)) {
        consider(-1 - d, -(this.#duals[d] as number), 1e-6 + Math.abs(this.#duals[d] as number));
      }
    }
    if (entering === undefined) return false;
    const variable: number = entering;
    const direction = variable >= 0 && this.#isFull[variable] === 1 ? -1 : 1;
    this.#columnOf(variable);

    let far = variable >= 0 ? (demand[variable] as number) : Number.POSITIVE_INFINITY;
    let leaving = -1;
    for (let row = 0; row < dimensions; row++) {
      const change = direction * (this.#column[row] as number);
      const basic = this.#basis[row] as number;
      const amount = this.#amounts[row] as number;
      const room =
        change > EPSILON
          ? amount / change
          : change < -EPSILON && basic >= 0
            ? ((demand[basic] as number) - amount) / -change
            : Number.POSITIVE_INFINITY;
      if (room < far) {
        far = Math.max(0, room);
        leaving = row;
      }
    }
    if (far === Number.POSITIVE_INFINITY) return false;
    for (let row = 0; row < dimensions; row++) {
      this.#amounts[row] = (this.#amounts[row] as number) - direction * far * (this.#column[row] as number);
    }
    if (leaving === -1) this.#isFull[variable] = direction > 0 ? 1 : 0;
    else this.#exchange(leaving, variable, direction, far);
    return true;
  }

  /** The inverse of the basis times the variable's column. */
  #columnOf(variable: number): void {
    const { dimensions, sizes } = this.#problem;
    for (let row = 0; row < dimensions; row++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        const size = variable >= 0 ? (sizes[variable * dimensions + d] as number) : variable === -1 - d ? 1 : 0;
        sum += (this.#inverse[row * dimensions + d] as number) * size;
      }
      this.#column[row] = sum;
    }
  }

  #exchange(leaving: number, variable: number, direction: number, far: number): void {
    const { dimensions, demand } = this.#problem;
    const left = this.#basis[leaving] as number;
    if (left >= 0) {
      this.#isBasic[left] = 0;
      this.#isFull[left] = direction * (this.#column[leaving] as number) < 0 ? 1 : 0;
    }
    const pivot = this.#column[leaving] as number;
    for (let d = 0; d < dimensions; d++) {
      const at = leaving * dimensions + d;
      this.#inverse[at] = (this.#inverse[at] as number) / pivot;
    }
    for (let row = 0; row < dimensions; row++) {
      const factor = this.#column[row] as number;
      if (row === leaving || factor === 0) continue;
      for (let d = 0; d < dimensions; d++) {
        const at = row * dimensions + d;
        this.#inverse[at] =
          (this.#inverse[at] as number) - factor * (this.#inverse[leaving * dimensions + d] as number);
      }
    }
    this.#basis[leaving] = variable;
    this.#amounts[leaving] = direction > 0 ? far : (demand[variable] as number) - far;
    if (variable >= 0) {
      this.#isBasic[variable] = 1;
      this.#isFull[variable] = 0;
    }
  }
}
