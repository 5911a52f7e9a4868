import type { Solver } from "@berth/ports";
import type { VectorProblem } from "./vector-problem.ts";

/**
 * What an instance of each class would be worth if instances could be cut at will: the prices of each dimension's unit that
 * make the whole load worth most while no offer holds more than its own price. A first guess at the duals, in micro-dollars an hour.
 */
export async function fluidValues(
  problem: VectorProblem,
  offers: readonly number[],
  solver: Solver,
): Promise<Float64Array> {
  const { dimensions, classes, sizes, demand, capacities, prices } = problem;
  const load = new Float64Array(dimensions);
  for (let c = 0; c < classes; c++) {
    for (let d = 0; d < dimensions; d++) {
      load[d] = (load[d] as number) + (demand[c] as number) * (sizes[c * dimensions + d] as number);
    }
  }
  const wanted = Array.from({ length: dimensions }, (_, d) => d).filter((d) => (load[d] as number) > 0);
  // Columns are offers, a row is a dimension: cover the load at the least price; its shadow prices are sought. In shares of
  // the load, so that CPU and instances weigh alike.
  const program = await solver.openProgram({
    lower: new Float64Array(wanted.length).fill(1),
    upper: new Float64Array(wanted.length).fill(Number.POSITIVE_INFINITY),
  });
  try {
    await program.addColumns({
      costs: Float64Array.from(offers, (offer) => prices[offer] as number),
      lower: new Float64Array(offers.length),
      upper: new Float64Array(offers.length).fill(Number.POSITIVE_INFINITY),
      starts: Int32Array.from({ length: offers.length + 1 }, (_, i) => i * wanted.length),
      rows: Int32Array.from(offers.flatMap(() => wanted.map((_, row) => row))),
      values: Float64Array.from(
        offers.flatMap((offer) =>
          wanted.map((d) => (capacities[offer * dimensions + d] as number) / (load[d] as number)),
        ),
      ),
    });
    const solution = await program.solve();
    const unit = new Float64Array(dimensions);
    if ("duals" in solution) {
      wanted.forEach((d, row) => {
        unit[d] = Math.max(0, solution.duals[row] as number) / (load[d] as number);
      });
    }
    return Float64Array.from({ length: classes }, (_, c) => {
      let value = 0;
      for (let d = 0; d < dimensions; d++) value += (unit[d] as number) * (sizes[c * dimensions + d] as number);
      return value;
    });
  } finally {
    await program.close();
  }
}
