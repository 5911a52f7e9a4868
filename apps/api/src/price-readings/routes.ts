import { ROUTES } from "@berth/contract";
import { askPriceReading, findPriceReading, listPriceReadings } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toPriceReadingBody } from "./wire.ts";

/** AWS's prices, region by region: asked for here, read by a worker. For operators. */
export function priceReadingRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createPriceReading, async (call) =>
    once(deps, ROUTES.createPriceReading, call, async (tx) => {
      const { organizationId } = call.principal;
      const { region, except: exceptTypes } = call.body;
      const row = await askPriceReading(tx, deps.ids, { region, exceptTypes, organizationId, ...actorOf(call) });
      const headers = { Location: `/v1/admin/price_readings/${row.id}` };
      return ok({ status: 202, headers, body: toPriceReadingBody(row) });
    }),
  );

  serve(app, ROUTES.listPriceReadings, async (call) => {
    const list = startList(deps.pageTokens, "listPriceReadings", call);
    const page = await listPriceReadings(call.db, { region: call.query.region, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toPriceReadingBody, (row) => row) });
  });

  serve(app, ROUTES.getPriceReading, async ({ db, params }) => {
    const row = await findPriceReading(db, params.price_reading_id);
    return row === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toPriceReadingBody(row) });
  });
}
