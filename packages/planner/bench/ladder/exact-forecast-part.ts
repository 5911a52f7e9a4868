import { openInThreadSolver } from "@berth/solver";
import type { BenchPart, Figure } from "@berth/testing";
import {
  generateTrace,
  HISTORY_MONTHS,
  linearBound,
  type PlanningCase,
  planCost,
  planLadder,
  representativeHours,
  TRACE_SHAPES,
  truthOf,
} from "../../src/index.ts";
import { realMarket } from "./real-market.ts";

const HOURS = 730;
const SEGMENTS = 24;

/**
 * A plan on a forecast that comes true, in 24 segments a month, against the linear program that knows every hour: what
 * segments and whole units lose; and beside it what the guard rails cost.
 */
export function exactForecastPart(seed: number): BenchPart {
  return {
    name: "exact_forecast",
    measure: async (tell) => {
      const { families, products } = realMarket(["m7i"]);
      const market = { family: families[0] as (typeof families)[number], products };
      const solver = await openInThreadSolver();
      const over: { free: number[]; guarded: number[] } = { free: [], guarded: [] };
      try {
        for (const shape of TRACE_SHAPES) {
          const trace = generateTrace(shape, seed);
          const truth = truthOf(market, trace);
          const bound = await linearBound(truth, solver);
          const hourly = [Float64Array.from(trace.hours, (units) => units * 1_000)];
          const months = truth.scenarios[0]?.months.map((_, m) => {
            const from = (HISTORY_MONTHS + m) * HOURS;
            return representativeHours(hourly, from, from + HOURS, SEGMENTS, [1]);
          });
          const line = [];
          for (const guardRails of [false, true]) {
            const forecast: PlanningCase = {
              ...truth,
              guardRails,
              scenarios: [{ name: "exact", weight: 1, months: months ?? [] }],
            };
            const { purchases } = await planLadder(forecast, solver);
            const cost = Number(planCost(truth, purchases).expectedNanoUsd) / 1e9;
            const percent = 100 * (cost / bound - 1);
            over[guardRails ? "guarded" : "free"].push(percent);
            line.push(`${guardRails ? "guarded" : "free"} ${percent.toFixed(3)} %`);
          }
          tell(`exact_forecast: ${shape}: ${line.join(", ")} above ${bound.toFixed(0)} $`);
        }
      } finally {
        await solver.close();
      }
      const figure = (name: string, value: number, must: number, aim: number): Figure => {
        return { figure: `exact_forecast.${name}`, value, unit: "%", must, aim, better: "lower" };
      };
      const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
      return [
        figure("free_worst", Math.max(...over.free), 2, 0.5),
        figure("free_mean", mean(over.free), 2, 0.5),
        // What they cost is shown; nothing is promised of it.
        figure("guarded_mean", mean(over.guarded), 100, 10),
      ];
    },
  };
}
