import { ROUTES } from "@berth/contract";
import {
  countUnplaced,
  findLastColdPlans,
  listFleetNodes,
  listPools,
  listSaleOfferings,
  readPackingDays,
} from "@berth/db";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { serve } from "../http/serve.ts";
import { DAYS_READ, toForecast } from "./forecast.ts";
import { readHistory } from "./history.ts";
import { toPackingBody } from "./wire.ts";

/** More than any installation has: a list that is not paged is bounded all the same. */
const POOLS_READ = 10_000;

/** How full the machines are. For operators. */
export function packingRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.getPacking, async ({ db, query }) => {
    const asked = { kubeId: query.kube_id, poolId: query.pool_id };
    const [nodes, pools, offerings, unplaced, coldPlans] = await Promise.all([
      listFleetNodes(db, asked),
      listPools(db, { kubeId: query.kube_id, order: "ascending", limit: POOLS_READ }),
      listSaleOfferings(db, asked),
      countUnplaced(db, asked),
      findLastColdPlans(db, asked),
    ]);
    const rows = pools.rows.filter(({ id }) => query.pool_id === undefined || id === query.pool_id);
    return ok({
      status: 200,
      body: toPackingBody({ nodes, pools: rows, offerings, unplaced, coldPlans }, query.nodes),
    });
  });

  serve(app, ROUTES.getPackingHistory, async ({ db, query }) =>
    ok({ status: 200, body: await readHistory(db, query, deps.clock.now()) }),
  );

  serve(app, ROUTES.getCapacityForecast, async ({ db, query }) => {
    const [pools, days] = await Promise.all([
      listPools(db, { kubeId: query.kube_id, order: "ascending", limit: POOLS_READ }),
      readPackingDays(db, { kubeId: query.kube_id, poolId: query.pool_id, days: DAYS_READ }),
    ]);
    const rows = pools.rows.filter(({ id }) => query.pool_id === undefined || id === query.pool_id);
    return ok({ status: 200, body: toForecast(rows, days, deps.clock.now()) });
  });
}
