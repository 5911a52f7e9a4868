import type { Solution, Solver } from "@berth/ports";
import { ladderProgram } from "./ladder-program.ts";
import { meanOfWorst } from "./mean-of-worst.ts";
import { type PlanCost, planCost } from "./plan-cost.ts";
import type { PlanningCase, Purchase } from "./planning-case.ts";
import type { ProgramBuilder } from "./program-builder.ts";
import { quantilePlan } from "./quantile-plan.ts";

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
  /** `limit`: the gap was not reached. `nothing`: no plan was found, so nothing is bought. */
  readonly outcome: "optimal" | "limit" | "nothing";
  /** Where the program gave no plan that is worth buying: the rule that the plan is by instead, and why. */
  readonly fallback?: { readonly rule: "quantile"; readonly why: string } | undefined;
  readonly size: { readonly rows: number; readonly columns: number; readonly whole: number; readonly nonzeros: number };
}

export const LADDER_OPTIONS: LadderOptions = { gap: 1e-4, maxNodes: 2_000 };

/**
 * The purchases with the least cost over the horizon, and a bound that no plan is below. The same case gives the same plan.
 * The cost is recomputed in integers from the purchases; the bound is the solver's.
 *
 * Where the solver fails, finds nothing within its limits, or finds what by the bill's rule is worse than buying nothing, the plan is
 * by the quantile rule, and says why. With a limit to losses that even buying nothing breaks (a negative one) nothing is bought.
 */
export async function planLadder(
  planning: PlanningCase,
  solver: Solver,
  options: LadderOptions = LADDER_OPTIONS,
): Promise<LadderPlan> {
  const nothing = planCost(planning, []);
  const { builder, bought, constantUsd } = ladderProgram(planning, nothing.byScenarioNanoUsd);
  const { size } = builder;
  const solution = await solve(solver, builder, options);
  if (typeof solution === "string") return byQuantile(planning, nothing, solution, size, Number.NEGATIVE_INFINITY);
  if (!("objective" in solution)) {
    if (solution.outcome === "infeasible") {
      const boundUsd = Number.NEGATIVE_INFINITY;
      return { purchases: [], ...standing(planning, nothing, nothing), boundUsd, outcome: "nothing", size };
    }
    const why = `the solver found no plan within its limits: ${solution.outcome}`;
    return byQuantile(planning, nothing, why, size, Number.NEGATIVE_INFINITY);
  }
  const boundUsd = solution.bound + constantUsd + constantOf(planning, nothing);
  const purchases = bought
    .flatMap((columns, product) =>
      [...columns].map((column, month) => ({
        product,
        month,
        count: column < 0 ? 0 : Math.round(solution.columns[column] as number),
      })),
    )
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => a.month - b.month || a.product - b.product);
  const cost = planCost(planning, purchases);
  if (isWorseThanNothing(planning, cost, nothing)) {
    const why =
      "by the bill's rule the program's plan costs more than buying nothing, or may lose more than is allowed";
    return byQuantile(planning, nothing, why, size, boundUsd);
  }
  return { purchases, ...standing(planning, cost, nothing), boundUsd, outcome: solution.outcome, size };
}

/** What was found, or why the solver failed. */
async function solve(
  solver: Solver,
  builder: ProgramBuilder,
  { gap, maxNodes }: LadderOptions,
): Promise<Solution | string> {
  try {
    const program = await solver.openProgram(builder.rows);
    try {
      await program.addColumns(builder.columns);
      return await program.solveInteger({ relativeGap: gap, maxNodes, whole: builder.whole });
    } finally {
      await program.close();
    }
  } catch (error) {
    return `the solver failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function byQuantile(
  planning: PlanningCase,
  nothing: PlanCost,
  why: string,
  size: LadderPlan["size"],
  boundUsd: number,
): LadderPlan {
  const isGood = (purchases: readonly Purchase[]) =>
    !isWorseThanNothing(planning, planCost(planning, purchases), nothing);
  const purchases = quantilePlan(planning, isGood);
  const cost = planCost(planning, purchases);
  const fallback = { rule: "quantile", why } as const;
  return { purchases, ...standing(planning, cost, nothing), boundUsd, outcome: "limit", fallback, size };
}

function standing(
  planning: PlanningCase,
  cost: PlanCost,
  nothing: PlanCost,
): Pick<LadderPlan, "cost" | "objectiveUsd"> {
  return { cost, objectiveUsd: objectiveOf(planning, cost, nothing) };
}

/**
 * The program serves flexible demand as it likes, and the bill by a rule: where the two are far apart, a plan may cost more than
 * none, or lose more than it may. The bound says how much is given up by what is bought instead.
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
