import { DECISION_OUTCOMES, type PlacementDecision, type PlacementDecisionDetail } from "@berth/contract";
import type { DecisionRow, DecisionSummary } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { fieldsOf, iso, isoOrNull, listOf, oneOf, textOf } from "../http/wire.ts";

export function toDecisionBody(decision: DecisionSummary): PlacementDecision {
  return {
    id: decision.id,
    kube_id: decision.kubeId,
    organization_id: decision.organizationId,
    cluster_id: decision.clusterId,
    instance_id: decision.instanceId,
    outcome: oneOf(DECISION_OUTCOMES, decision.outcome),
    node_name: decision.nodeName,
    machine_id: decision.machineId,
    candidates: decision.candidateCount,
    executed_at: isoOrNull(decision.executedAt),
    verdict: decision.verdict,
    created_at: iso(decision.createdAt),
    last_seen_at: iso(decision.lastSeenAt),
  };
}

export function toDecisionDetailBody(decision: DecisionRow): PlacementDecisionDetail {
  return {
    ...toDecisionBody({ ...decision, candidateCount: 0 }),
    candidates: listOf(decision.candidates)
      .map(fieldsOf)
      .map((one) => ({
        target: textOf(one.target) ?? "",
        machine_type: textOf(one.machineType) ?? "",
        zone: textOf(one.zone) ?? "",
        pool_id: textOf(one.poolId) ?? null,
        price_per_hour:
          typeof one.priceMicroUsdPerHour === "number" ? moneyFromMicroUsd(one.priceMicroUsdPerHour) : null,
        rejection: one.rejection === undefined || one.rejection === null ? null : { ...fieldsOf(one.rejection) },
        score: typeof one.score === "number" ? one.score : null,
      })),
    considered: decision.considered ?? listOf(decision.candidates).length,
    refusals: listOf(decision.refusals)
      .map(fieldsOf)
      .map((one) => ({
        reason: textOf(one.reason) ?? "",
        dimension: textOf(one.dimension) ?? null,
        count: typeof one.count === "number" ? one.count : 0,
      })),
    reasons: listOf(decision.reasons).flatMap((reason) => textOf(reason) ?? []),
  };
}
