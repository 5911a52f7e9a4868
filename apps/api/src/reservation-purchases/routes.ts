import { ROUTES } from "@berth/contract";
import { findReservationPurchase, listReservationPurchases } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { changePurchase } from "./change.ts";
import { toReservationPurchaseBody } from "./wire.ts";

/** What approved reservation plans have to be bought. For operators. */
export function reservationPurchaseRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.listReservationPurchases, async (call) => {
    const list = startList(deps.pageTokens, "listReservationPurchases", call);
    const { reservation_plan_id: planId, state } = call.query;
    const page = await listReservationPurchases(call.db, { planId, state, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toReservationPurchaseBody, (row) => row) });
  });

  serve(app, ROUTES.getReservationPurchase, async ({ db, params }) => {
    const row = await findReservationPurchase(db, params.reservation_purchase_id);
    return row === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toReservationPurchaseBody(row) });
  });

  serve(app, ROUTES.dropReservationPurchase, async (call) =>
    once(deps, ROUTES.dropReservationPurchase, call, async (tx) => {
      const { organizationId } = call.principal;
      const id = call.params.reservation_purchase_id;
      return changePurchase(deps, tx, { id, act: "drop", organizationId, ...actorOf(call) });
    }),
  );

  serve(app, ROUTES.retryReservationPurchase, async (call) =>
    once(deps, ROUTES.retryReservationPurchase, call, async (tx) => {
      const { organizationId } = call.principal;
      const id = call.params.reservation_purchase_id;
      return changePurchase(deps, tx, { id, act: "retry", organizationId, ...actorOf(call) });
    }),
  );
}
