import { ROUTES } from "@berth/contract";
import { findDecision, listDecisions } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toDecisionBody, toDecisionDetailBody } from "./wire.ts";

/** Why an instance is where it is. For operators. */
export function placementDecisionRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listPlacementDecisions, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const scope = ["listPlacementDecisions", principal.organizationId, filter] as const;
    const page = await listDecisions(db, {
      kubeId: filter.kube_id,
      clusterId: filter.cluster_id,
      instanceId: filter.instance_id,
      outcome: filter.outcome,
      before: startOf(pageTokens, scope, page_token),
      limit,
    });
    return ok({ status: 200, body: toPageBody(pageTokens, scope, page, toDecisionBody, ({ id }) => id) });
  });

  serve(app, ROUTES.getPlacementDecision, async ({ db, params }) => {
    const decision = await findDecision(db, params.decision_id);
    return decision === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toDecisionDetailBody(decision) });
  });
}
