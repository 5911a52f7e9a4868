import { ROUTES } from "@berth/contract";
import { findRebalanceLook, findRebalancePlan, listRebalancePlans, requestRebalance } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND, refuseField } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { changePlan } from "./change-plan.ts";
import { toRebalanceLookBody, toRebalancePlanBody, toRebalancePlanDetailBody } from "./wire.ts";

const LOOK_SECONDS = 2;

/** Moves that make pools cheaper than they cost. For operators. */
export function rebalancePlanRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createRebalancePlan, (call) =>
    once(deps, ROUTES.createRebalancePlan, call, async (tx) => {
      const { kube_id: kubeId } = call.body;
      const { organizationId } = call.principal;
      const look = await requestRebalance(tx, deps.ids, { kubeId, organizationId, ...actorOf(call) });
      if (look === undefined) return refuseField("/kube_id", "unknown_kube", "There is no such kube.");
      const headers = { Location: `/v1/admin/kubes/${kubeId}/rebalance`, "Retry-After": String(LOOK_SECONDS) };
      return ok({ status: 202, headers, body: toRebalanceLookBody(look) });
    }),
  );

  serve(app, ROUTES.getRebalanceLook, async ({ db, params }) => {
    const look = await findRebalanceLook(db, params.kube_id);
    return look === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toRebalanceLookBody(look) });
  });

  serve(app, ROUTES.listRebalancePlans, async (call) => {
    const list = startList(deps.pageTokens, "listRebalancePlans", call);
    const { kube_id: kubeId, pool_id: poolId, state } = call.query;
    const page = await listRebalancePlans(call.db, { kubeId, poolId, state, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toRebalancePlanBody, (row) => row) });
  });

  serve(app, ROUTES.getRebalancePlan, async ({ db, params }) => {
    const plan = await findRebalancePlan(db, params.rebalance_plan_id);
    return plan === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toRebalancePlanDetailBody(plan) });
  });

  serve(app, ROUTES.approveRebalancePlan, (call) =>
    once(deps, ROUTES.approveRebalancePlan, call, (tx) => changePlan(deps, tx, "approve", call)),
  );
  serve(app, ROUTES.pauseRebalancePlan, (call) =>
    once(deps, ROUTES.pauseRebalancePlan, call, (tx) => changePlan(deps, tx, "pause", call)),
  );
  serve(app, ROUTES.resumeRebalancePlan, (call) =>
    once(deps, ROUTES.resumeRebalancePlan, call, (tx) => changePlan(deps, tx, "resume", call)),
  );
  serve(app, ROUTES.cancelRebalancePlan, (call) =>
    once(deps, ROUTES.cancelRebalancePlan, call, (tx) => changePlan(deps, tx, "cancel", call)),
  );
}
