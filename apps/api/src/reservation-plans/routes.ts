import { createHash } from "node:crypto";
import { ROUTES } from "@berth/contract";
import { findReservationPlan, insertReservationPlan, listReservationPlans, readReservationCase } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND, refuse } from "../http/refusal.ts";
import { serve, serveFile } from "../http/serve.ts";
import { decide } from "./decide.ts";
import { toReservationPlanBody, toReservationPlanDetail } from "./wire.ts";

/** What to commit to. For operators. */
export function reservationPlanRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createReservationPlan, async (call) =>
    once(deps, ROUTES.createReservationPlan, call, async (tx) => {
      const { organizationId } = call.principal;
      const id = deps.ids.next("reservationPlan");
      const plan = await insertReservationPlan(tx, deps.ids, { id, organizationId, ...actorOf(call) });
      const headers = { Location: `/v1/admin/reservation_plans/${id}` };
      return ok({ status: 202, headers, body: toReservationPlanBody(plan) });
    }),
  );

  serve(app, ROUTES.listReservationPlans, async (call) => {
    const list = startList(deps.pageTokens, "listReservationPlans", call);
    const page = await listReservationPlans(call.db, { state: call.query.state, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toReservationPlanBody, (row) => row) });
  });

  serve(app, ROUTES.getReservationPlan, async ({ db, params }) => {
    const plan = await findReservationPlan(db, params.reservation_plan_id);
    return plan === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toReservationPlanDetail(plan) });
  });

  serveFile(app, ROUTES.getReservationPlanFile, async ({ db, params, query }) => {
    const plan = await findReservationPlan(db, params.reservation_plan_id);
    if (plan === undefined) return err(NOT_FOUND);
    const text =
      query.format === "case"
        ? await readReservationCase(db, plan.id)
        : plan.result === null
          ? undefined
          : `${JSON.stringify(plan.result, undefined, 1)}\n`;
    if (text === undefined) {
      return refuse("invalid_state", `Only a plan that was made has files; this one is ${plan.state}.`);
    }
    return ok({
      etag: `"${createHash("sha256").update(text).digest("base64url")}"`,
      name: `${plan.id}-${query.format}.json`,
      pieces: pieceOf(text),
    });
  });

  serve(app, ROUTES.approveReservationPlan, async (call) =>
    once(deps, ROUTES.approveReservationPlan, call, async (tx) => {
      const { organizationId } = call.principal;
      const id = call.params.reservation_plan_id;
      return decide(deps, tx, { id, decision: "approve", reason: null, organizationId, ...actorOf(call) });
    }),
  );

  serve(app, ROUTES.rejectReservationPlan, async (call) =>
    once(deps, ROUTES.rejectReservationPlan, call, async (tx) => {
      const { organizationId } = call.principal;
      const id = call.params.reservation_plan_id;
      return decide(deps, tx, { id, decision: "reject", reason: call.body.reason, organizationId, ...actorOf(call) });
    }),
  );
}

async function* pieceOf(text: string): AsyncGenerator<string> {
  yield text;
}
