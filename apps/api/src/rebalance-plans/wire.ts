import type { RebalanceLook, RebalancePlan, RebalancePlanDetail } from "@berth/contract";
import type { RebalanceLookRow, RebalancePlanRow, WholeRebalancePlan } from "@berth/db";
import { HOURS_PER_MONTH, moneyFromMicroUsd } from "@berth/domain";
import type { RebalanceAction, RebalanceStep, RebalancePlan as StoredPlan } from "@berth/packing";
import { iso } from "../http/wire.ts";

const isoOrNull = (at: Date | null) => (at === null ? null : iso(at));

export function toRebalancePlanBody(plan: RebalancePlanRow): RebalancePlan {
  return {
    id: plan.id,
    kube_id: plan.kubeId,
    pool_id: plan.poolId,
    state: plan.state,
    automatic: plan.automatic,
    saving_per_hour: moneyFromMicroUsd(plan.savingMicroUsdPerHour),
    saving_per_month: moneyFromMicroUsd(plan.savingMicroUsdPerHour * HOURS_PER_MONTH),
    cost: moneyFromMicroUsd(plan.costMicroUsd),
    instances: plan.instances,
    moved: plan.moved,
    clusters: plan.clusters,
    launches: plan.launches,
    removals: plan.removals,
    hours: plan.hours,
    disrupted_minutes: plan.disruptedMinutes,
    waiting_for: [...plan.waitingFor],
    reason: plan.reason,
    generation: plan.generation,
    created_at: iso(plan.createdAt),
    last_seen_at: iso(plan.lastSeenAt),
    approved_at: isoOrNull(plan.approvedAt),
    started_at: isoOrNull(plan.startedAt),
    finished_at: isoOrNull(plan.finishedAt),
  };
}

export function toRebalancePlanDetailBody(row: WholeRebalancePlan): RebalancePlanDetail {
  // Written by the worker, from the packer.
  const { steps, actions, held } = row.plan as Pick<StoredPlan, "steps" | "actions" | "held">;
  return {
    ...toRebalancePlanBody(row),
    actions: actions.map((action: RebalanceAction) => ({
      kind: action.kind,
      nodes: [...action.nodes],
      machines: [...action.machines],
      moves: action.moves,
      saving_per_hour: moneyFromMicroUsd(action.savingMicroUsdPerHour),
      cost: moneyFromMicroUsd(action.costMicroUsd),
    })),
    launches_planned: steps.flatMap((step) =>
      step.kind === "launch"
        ? [
            {
              hour: step.hour,
              round: step.round,
              machine: step.machine,
              machine_id: row.machines[step.machine] ?? null,
              machine_type: step.machineType,
              zone: step.zone,
              price_per_hour: moneyFromMicroUsd(step.priceMicroUsdPerHour),
            },
          ]
        : [],
    ),
    moves: row.moves.map((move) => {
      const { hour, round } = steps[move.step] as RebalanceStep;
      return {
        hour,
        round,
        instance_id: move.instanceId,
        cluster_id: move.clusterId,
        organization_id: move.organizationId,
        from: move.fromNode,
        to: move.toNode,
        state: move.state,
        started_at: isoOrNull(move.startedAt),
        finished_at: isoOrNull(move.finishedAt),
      };
    }),
    removals_planned: steps.flatMap((step) =>
      step.kind === "remove" ? [{ hour: step.hour, round: step.round, node: step.node }] : [],
    ),
    held: held.map(({ reason, nodes, instances }) => ({ reason, nodes, instances })),
  };
}

export function toRebalanceLookBody(look: RebalanceLookRow): RebalanceLook {
  return {
    kube_id: look.kubeId,
    looked_at: isoOrNull(look.observedAt),
    next_look_at: isoOrNull(look.nextCheckAt),
    waiting_for: [...look.waitingFor],
    pools: look.pools.map((pool) => ({
      pool_id: pool.poolId,
      mode: pool.mode,
      outcome: pool.outcome,
      saving_per_month: moneyFromMicroUsd(pool.savingMicroUsdPerHour * HOURS_PER_MONTH),
      plan_id: pool.planId,
      held: pool.held.map(({ reason, nodes, instances }) => ({ reason, nodes, instances })),
    })),
  };
}
