import type { Solver } from "@berth/ports";
import { ladderProgram } from "./ladder-program.ts";
import { meanOfWorst } from "./mean-of-worst.ts";
import { type PlanCost, planCost } from "./plan-cost.ts";
import type { PlanningCase, Purchase } from "./planning-case.ts";

export interface LadderOptions {
  /** A plan this near to the bound is good enough. */
  readonly gap: number;
  /** Of branch and bound. */
  readonly maxNodes: number;
}

export interface LadderPlan {
  /** By month, then product. */
  readonly purchases: readonly Purchase[];
  readonly cost: PlanCost;
  /** What is minimised, in dollars: the expected cost, or with the mean of the worst losses in it by its weight. */
  readonly objectiveUsd: number;
  /** No plan has less, to about 1e-7 of it. */
  readonly boundUsd: number;
  /** `limit`: branch and bound ended before the gap was reached. `nothing`: it found no plan, so nothing is bought. */
  readonly outcome: "optimal" | "limit" | "nothing";
  readonly size: { readonly rows: number; readonly columns: number; readonly whole: number; readonly nonzeros: number };
}

export const LADDER_OPTIONS: LadderOptions = { gap: 1e-4, maxNodes: 2_000 };

/**
 * The purchases with the least cost over the horizon, and a bound that no plan is below. The same case gives the same plan.
 * The cost is recomputed in integers from the purchases; the bound is the solver's.
 *
 * With a limit to losses that even buying nothing breaks (which loses nothing, so a negative one) nothing is bought.
 */
export async function planLadder(
  planning: PlanningCase,
  solver: Solver,
  { gap, maxNodes }: LadderOptions = LADDER_OPTIONS,
): Promise<LadderPlan> {
  const nothing = planCost(planning, []);
  const { builder, bought, constantUsd } = ladderProgram(planning, nothing.byScenarioNanoUsd);
  const program = await solver.openProgram(builder.rows);
  try {
    await program.addColumns(builder.columns);
    const solution = await program.solveInteger({ relativeGap: gap, maxNodes, whole: builder.whole });
    const found = "objective" in solution ? solution : undefined;
    const purchases =
      found === undefined
        ? []
        : bought
            .flatMap((columns, product) =>
              [...columns].map((column, month) => ({
                product,
                month,
                count: column < 0 ? 0 : Math.round(found.columns[column] as number),
              })),
            )
            .filter(({ count }) => count > 0)
            .toSorted((a, b) => a.month - b.month || a.product - b.product);
    const cost = planCost(planning, purchases);
    if (found !== undefined && isWorseThanNothing(planning, cost, nothing)) {
      return {
        ...nothingBought(planning, nothing),
        boundUsd: found.bound + constantUsd + constantOf(planning, nothing),
        size: builder.size,
      };
    }
    return {
      purchases,
      cost,
      objectiveUsd: objectiveOf(planning, cost, nothing),
      boundUsd:
        found === undefined ? Number.NEGATIVE_INFINITY : found.bound + constantUsd + constantOf(planning, nothing),
      outcome: found === undefined ? "nothing" : found.outcome,
      size: builder.size,
    };
  } finally {
    await program.close();
  }
}

/**
 * The program serves flexible demand as it likes, and the bill by a rule: where the two are far apart, a plan may cost more than
 * none, or lose more than it may. Then nothing is bought, and the bound says how much is given up.
 */
function isWorseThanNothing(planning: PlanningCase, cost: PlanCost, nothing: PlanCost): boolean {
  if (objectiveOf(planning, cost, nothing) > objectiveOf(planning, nothing, nothing)) return true;
  const { mostLossMicroUsd } = planning.risk;
  return (
    mostLossMicroUsd !== undefined &&
    worstLossUsd(planning, cost, nothing) > (mostLossMicroUsd / 1e6) * (1 + LOSS_SLACK)
  );
}

/** Of a limit to losses, what a solver's tolerance may leave. */
const LOSS_SLACK = 1e-6;

function nothingBought(
  planning: PlanningCase,
  nothing: PlanCost,
): Pick<LadderPlan, "purchases" | "cost" | "objectiveUsd" | "outcome"> {
  return { purchases: [], cost: nothing, objectiveUsd: objectiveOf(planning, nothing, nothing), outcome: "limit" };
}

/** How far a plan is above its bound, as a share of the bound. */
export function gapOf({ objectiveUsd, boundUsd }: Pick<LadderPlan, "objectiveUsd" | "boundUsd">): number {
  if (!Number.isFinite(boundUsd)) return Number.POSITIVE_INFINITY;
  return boundUsd <= 0 ? 0 : Math.max(0, objectiveUsd / boundUsd - 1);
}

const usd = (nano: bigint) => Number(nano) / 1e9;

/** The mean loss of the worst cases: of each scenario, what the plan costs above buying nothing. */
function worstLossUsd({ scenarios, risk }: PlanningCase, cost: PlanCost, nothing: PlanCost): number {
  const losses = scenarios.map((scenario, s) => ({
    weight: scenario.weight,
    amount: usd((cost.byScenarioNanoUsd[s] as bigint) - (nothing.byScenarioNanoUsd[s] as bigint)),
  }));
  return meanOfWorst(losses, 1 - risk.alphaPercent / 100);
}

export function objectiveOf(planning: PlanningCase, cost: PlanCost, nothing: PlanCost): number {
  const weight = planning.risk.weightPercent / 100;
  const worst = weight === 0 ? 0 : worstLossUsd(planning, cost, nothing) + usd(nothing.expectedNanoUsd);
  return (1 - weight) * usd(cost.expectedNanoUsd) + weight * worst;
}

/** What is in the objective and not in the program. */
function constantOf({ risk }: PlanningCase, nothing: PlanCost): number {
  const weight = risk.weightPercent / 100;
  return (1 - weight) * usd(nothing.commitmentsNanoUsd) + weight * usd(nothing.expectedNanoUsd);
}
