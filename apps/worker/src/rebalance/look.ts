import type { NewRebalancePlan, PoolOutlook, RebalanceRecord } from "@berth/db";
import { type ClusterId, HOURS_PER_MONTH, type InstanceId, type PoolId } from "@berth/domain";
import { checkRebalance, planMoves, type RebalancePlan, type RebalanceRules, type RunningNode } from "@berth/packing";
import { savingOfChange } from "@berth/planner";
import type { Pod } from "@berth/ports";
import type { PlacementProblem } from "../placement/problem.ts";
import { type ClusterFacts, runningFleet } from "./running-fleet.ts";
import { rulesOf } from "./settings.ts";

/** A kube as one look saw it. */
export interface SeenKube {
  readonly record: RebalanceRecord;
  readonly problem: PlacementProblem;
  readonly pods: readonly Pod[];
  readonly now: Date;
}

export type PoolOfKube = RebalanceRecord["pools"][number];

/** What a look at one pool came to: a plan, or why there is none. */
export type PoolLook = Omit<PoolOutlook, "planId"> & {
  readonly proposal?: Omit<NewRebalancePlan, "id" | "automatic" | "waitingFor"> & { readonly isSmall: boolean };
};

/** Clusters of which an instance is on its way. */
export function movingClusters({ plans }: RebalanceRecord): Set<string> {
  return new Set(
    plans.flatMap((plan) =>
      plan.moves.filter(({ state }) => state === "moving").map(({ clusterId }) => clusterId as string),
    ),
  );
}

/** The plan of a pool that an operator or its policy approved, and that is not over. */
export function openPlanOf({ plans }: RebalanceRecord, poolId: PoolId) {
  return plans.find((plan) => plan.poolId === poolId && ["approved", "running", "paused"].includes(plan.state));
}

/** The pools in which moves are looked for at all. */
export function poolsToLookAt(record: RebalanceRecord): readonly PoolOfKube[] {
  if (record.kube.isStatic) return [];
  return record.pools.filter(({ mode, poolId }) => mode !== "off" && openPlanOf(record, poolId) === undefined);
}

/** The rules of a pool's plan, and the pool as it stands. `facts` undefined: as if every engine had said that all is well. */
export function poolCase(
  { record, problem, now }: SeenKube,
  poolId: PoolId,
  facts: ReadonlyMap<string, ClusterFacts> | undefined,
): { readonly fleet: RunningNode[]; readonly rules: RebalanceRules; readonly options: PlacementProblem["options"] } {
  const well: ClusterFacts = { kind: "known", isGreen: true, hasIndexWithoutReplicas: false };
  const fleet = runningFleet(problem, poolId, {
    clusters: record.clusters,
    facts: facts ?? new Map(record.clusters.map(({ id }) => [id, well])),
    readyAt: record.readyAt,
    moving: movingClusters(record),
    now,
  });
  const policy = { ...problem.policy, pools: problem.policy.pools?.filter((one) => one.poolId === poolId) ?? [] };
  return {
    fleet,
    rules: { ...rulesOf(fleet.length), policy, emptiedInLastHour: record.emptiedInLastHour },
    options: problem.options.filter((one) => one.poolId === poolId),
  };
}

/** Whether there may be moves that pay: the engines are asked only then. */
export function mayPay(seen: SeenKube, pool: PoolOfKube): boolean {
  const { fleet, options, rules } = poolCase(seen, pool.poolId, undefined);
  return planMoves(fleet, options, rules, seen.now).moves > 0;
}

/**
 * Looks for moves of one pool. Pure. Throws when what the planner gives breaks a rule: it is stored nowhere then.
 */
export function lookAtPool(
  seen: SeenKube,
  pool: PoolOfKube,
  facts: ReadonlyMap<string, ClusterFacts> | undefined,
): PoolLook {
  const { fleet, options, rules } = poolCase(seen, pool.poolId, facts);
  const plan = planMoves(fleet, options, rules, seen.now);
  const violations = checkRebalance(fleet, options, rules, seen.now, plan);
  if (violations.length > 0) throw new Error(`the planner broke a rule: ${JSON.stringify(violations.slice(0, 5))}`);
  const { held } = plan;
  const savingMicroUsdPerHour = realSaving(seen, plan, fleet);
  const common = { poolId: pool.poolId, mode: pool.mode, savingMicroUsdPerHour, held };
  if (plan.steps.length === 0) return { ...common, outcome: "nothing" };
  if (savingMicroUsdPerHour <= 0 || savingMicroUsdPerHour * HOURS_PER_MONTH < pool.minSavingMicroUsdPerMonth) {
    return { ...common, outcome: "below_threshold" };
  }
  return {
    ...common,
    outcome: "proposed",
    proposal: {
      ...toRow(pool.poolId, plan, fleet),
      savingMicroUsdPerHour,
      isSmall: plan.moves <= pool.maxAutomaticMoves,
    },
  };
}

/** What the plan saves of the bill: a machine that is reserved saves nothing by going, and one that others use in its place all. */
function realSaving({ record: { kube }, now }: SeenKube, plan: RebalancePlan, fleet: readonly RunningNode[]): number {
  if (kube.committed.commitments.length === 0) return plan.savingMicroUsdPerHour;
  const nodes = new Map(fleet.map((node) => [node.name, node]));
  const machine = (one: { zone: string; machineType: string; priceMicroUsdPerHour: number }) => ({
    zone: one.zone,
    machineType: one.machineType,
    microUsdPerHour: one.priceMicroUsdPerHour,
  });
  const launched = plan.steps.flatMap((step) => (step.kind === "launch" ? [machine(step)] : []));
  const removed = plan.steps.flatMap((step) => {
    const node = step.kind === "remove" ? nodes.get(step.node) : undefined;
    return node === undefined ? [] : [machine(node)];
  });
  const nano = savingOfChange({ region: kube.region, ...kube.committed }, { launched, removed }, now.getTime());
  return Number(nano / 1_000n);
}

/** Why a pool was not looked at. */
export function notLookedAt(record: RebalanceRecord, pool: PoolOfKube): Omit<PoolOutlook, "planId"> | undefined {
  const none = { poolId: pool.poolId, mode: pool.mode, savingMicroUsdPerHour: 0, held: [] };
  if (record.kube.isStatic) return { ...none, outcome: "static" };
  if (pool.mode === "off") return { ...none, outcome: "off" };
  return openPlanOf(record, pool.poolId) === undefined ? undefined : { ...none, outcome: "open" };
}

function toRow(
  poolId: PoolId,
  plan: RebalancePlan,
  fleet: readonly RunningNode[],
): Omit<NewRebalancePlan, "id" | "automatic" | "waitingFor" | "savingMicroUsdPerHour"> {
  const clusterOf = new Map(fleet.flatMap((node) => node.instances.map((one) => [one.instanceId, one.clusterId])));
  const { steps, actions, held } = plan;
  return {
    poolId,
    costMicroUsd: plan.costMicroUsd,
    disruptedMinutes: plan.disruptedMinutes,
    launches: plan.launches,
    removals: plan.removals,
    hours: plan.hours,
    plan: { steps, actions, held },
    moves: steps.flatMap((step, index) =>
      step.kind === "move"
        ? [
            {
              step: index,
              instanceId: step.instanceId as InstanceId,
              clusterId: clusterOf.get(step.instanceId) as ClusterId,
              fromNode: step.from,
              toNode: step.to,
            },
          ]
        : [],
    ),
  };
}
