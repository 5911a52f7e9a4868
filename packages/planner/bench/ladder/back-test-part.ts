import { openInThreadSolver } from "@berth/solver";
import type { BenchPart, Figure } from "@berth/testing";
import {
  backTest,
  floorRule,
  generateTrace,
  ladderPolicy,
  type Policy,
  perfectInformationUsd,
  quantileRule,
  skiRental,
  TRACE_SHAPES,
  type Trace,
} from "../../src/index.ts";
import { realMarket } from "./real-market.ts";

/** The rules have one product each: both are tried, and the better in the mean is what is shown. */
const RULES = ["floor", "quantile", "ski_rental"] as const;
const COLUMNS = ["floor 1y", "floor 3y", "quantile 1y", "quantile 3y", "ski_rental 1y", "ski_rental 3y"] as const;
const LADDERS = ["ladder", "ladder told"] as const;
type Column = (typeof COLUMNS)[number] | (typeof LADDERS)[number];

/**
 * Regret of each policy on generated traces: cost / perfect information - 1, in percent. Products are a year and three of
 * m7i.xlarge, all upfront. `told`: the forecast is of the fleet after the packing that is planned, which changes one shape.
 * With guard rails, which only the ladder has, it is a part of its own, as each plan takes longer.
 */
export function backTestPart(seeds: readonly number[], guardRails: boolean): BenchPart {
  const part = guardRails ? "back_test_guarded" : "back_test";
  return {
    name: part,
    measure: async (tell) => {
      const { families, products: all } = realMarket(["m7i"]);
      const products = all.filter(({ paymentOption }) => paymentOption === "all_upfront");
      const market = { family: families[0] as (typeof families)[number], products };
      const solver = await openInThreadSolver();
      const policiesOf = ({ packing }: Trace): readonly (readonly [Column, Policy])[] => [
        ...RULES.flatMap((rule) =>
          (["1y", "3y"] as const).map((term, product): readonly [Column, Policy] => {
            const make = { floor: floorRule, quantile: quantileRule, ski_rental: skiRental }[rule];
            return [`${rule} ${term}`, make(product)];
          }),
        ),
        ["ladder", ladderPolicy(solver, { guardRails })],
        ...(packing === undefined ? [] : [["ladder told", ladderPolicy(solver, { guardRails, packing })] as const]),
      ];
      const regrets = new Map<string, number[]>();
      const mean = (key: string) => {
        const list = regrets.get(key) ?? [];
        return list.reduce((sum, one) => sum + one, 0) / list.length;
      };
      const columns: readonly Column[] = [...COLUMNS, ...LADDERS];
      try {
        for (const shape of TRACE_SHAPES) {
          for (const seed of seeds) {
            const trace = generateTrace(shape, seed);
            const best = await perfectInformationUsd(market, trace, solver);
            const found = new Map<Column, number>();
            for (const [name, policy] of policiesOf(trace)) {
              const { costUsd } = await backTest(market, trace, policy);
              found.set(name, 100 * (costUsd / best - 1));
            }
            for (const name of columns) {
              // Where no packing is planned, to be told of it changes nothing.
              const regret = found.get(name) ?? (found.get(name.replace(" told", "") as Column) as number);
              for (const key of [name, `${name}/${shape}`]) regrets.set(key, [...(regrets.get(key) ?? []), regret]);
            }
          }
          tell(
            `${part}: ${shape}: ${columns.map((name) => `${name} ${mean(`${name}/${shape}`).toFixed(1)} %`).join(", ")}`,
          );
        }
      } finally {
        await solver.close();
      }
      tell(`${part}: mean: ${columns.map((name) => `${name} ${mean(name).toFixed(1)} %`).join(", ")}`);
      const rules = RULES.map((rule) => Math.min(mean(`${rule} 1y`), mean(`${rule} 3y`)));
      const best = Math.min(...rules);
      const figure = (name: string, value: number, must: number, aim: number): Figure => {
        return { figure: `${part}.${name}`, value, unit: "%", must, aim, better: "lower" };
      };
      return [
        ...RULES.map((rule, index) => figure(rule, rules[index] as number, 1_000, 1_000)),
        ...LADDERS.map((name) => figure(name.replaceAll(" ", "_"), mean(name), Math.min(10, best), 5)),
        ...TRACE_SHAPES.map((shape) => figure(`ladder.${shape}`, mean(`ladder/${shape}`), 10, 5)),
      ];
    },
  };
}
