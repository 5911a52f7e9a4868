import { ROUTES } from "@berth/contract";
import { findDecision, listDecisions } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toDecisionBody, toDecisionDetailBody } from "./wire.ts";

/** Why an instance is where it is. For operators. */
export function placementDecisionRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listPlacementDecisions, async (call) => {
    const { db, query } = call;
    const list = startList(pageTokens, "listPlacementDecisions", call);
    const page = await listDecisions(db, {
      kubeId: query.kube_id,
      clusterId: query.cluster_id,
      instanceId: query.instance_id,
      machineId: query.machine_id,
      outcome: query.outcome,
      ...list.asked,
    });
    return ok({ status: 200, body: list.toBody(page, toDecisionBody, (row) => row) });
  });

  serve(app, ROUTES.getPlacementDecision, async ({ db, params }) => {
    const decision = await findDecision(db, params.decision_id);
    return decision === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toDecisionDetailBody(decision) });
  });
}
