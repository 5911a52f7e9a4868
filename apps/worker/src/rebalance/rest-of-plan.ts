import type { RebalancePlanRecord } from "@berth/db";
import { nodeNameOf } from "@berth/domain";
import type { RebalanceAction, RebalancePlan, RebalanceStep } from "@berth/packing";

/** A step of a stored plan, with the nodes that its machines have become. */
export type StoredStep = RebalanceStep & { readonly index: number };

/** The steps of a plan as it was stored; where it launches machines that were made, with their nodes' names. */
export function stepsOf(plan: RebalancePlanRecord): StoredStep[] {
  // Written by this loop, from the packer.
  const { steps } = plan.plan as Pick<RebalancePlan, "steps">;
  return steps.map((step, index): StoredStep => {
    if (step.kind === "move") return { ...step, index, to: nodeOf(plan, step.to) };
    if (step.kind === "launch") return { ...step, index, machine: nodeOf(plan, step.machine) };
    return { ...step, index };
  });
}

/** The node of a machine that was made for the plan; the name itself where there is none. */
function nodeOf({ machines }: RebalancePlanRecord, name: string): string {
  const id = machines[name];
  return id === undefined ? name : nodeNameOf(id);
}

/**
 * A plan of some of the steps of another, as checkRebalance wants it: actions of which nothing is left are left out, and
 * every figure is the sum of what is.
 */
export function planOf(
  steps: readonly RebalanceStep[],
  of: Pick<RebalancePlan, "actions">,
  hours: number,
): RebalancePlan {
  const kept = [...new Set(steps.map((step) => step.action))].sort((a, b) => a - b);
  const numbered = steps.map((step): RebalanceStep => ({ ...step, action: kept.indexOf(step.action) }));
  const actions = kept.map((action, index): RebalanceAction => {
    const ofAction = numbered.filter((step) => step.action === index);
    const { kind, nodes, machines } = of.actions[action] as RebalanceAction;
    return { kind, nodes, machines, ...sums(ofAction), moves: count(ofAction, "move") };
  });
  return {
    steps: numbered,
    actions,
    ...sums(numbered),
    moves: count(numbered, "move"),
    launches: count(numbered, "launch"),
    removals: count(numbered, "remove"),
    hours,
    held: [],
  };
}

function sums(steps: readonly RebalanceStep[]) {
  const sum = (value: (step: RebalanceStep) => number) => steps.reduce((total, step) => total + value(step), 0);
  return {
    savingMicroUsdPerHour: sum((step) => step.savingMicroUsdPerHour),
    costMicroUsd: sum((step) => step.costMicroUsd),
    disruptedMinutes: sum((step) => step.disruptedMinutes),
  };
}

function count(steps: readonly RebalanceStep[], kind: RebalanceStep["kind"]): number {
  return steps.filter((step) => step.kind === kind).length;
}
