import { ROUTES } from "@berth/contract";
import { findPool, listPools } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { createPool } from "./create-pool.ts";
import { updatePool } from "./update-pool.ts";
import { etagOfPool, toPoolBody } from "./wire.ts";

/** Sets of machines with one policy. For operators. */
export function poolRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.createPool, async (call) => {
    const { organizationId } = call.principal;
    return once(deps, ROUTES.createPool, call, async (tx) => {
      const pool = await createPool(deps, tx, { body: call.body, organizationId, ...actorOf(call) });
      if (!pool.ok) return pool;
      const headers = { Location: `/v1/admin/pools/${pool.value.id}`, ETag: etagOfPool(pool.value) };
      return ok({ status: 201, headers, body: toPoolBody(pool.value) });
    });
  });

  serve(app, ROUTES.listPools, async (call) => {
    const list = startList(pageTokens, "listPools", call);
    const page = await listPools(call.db, { kubeId: call.query.kube_id, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toPoolBody, (row) => row) });
  });

  serve(app, ROUTES.getPool, async ({ db, params }) => {
    const pool = await findPool(db, params.pool_id);
    if (pool === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOfPool(pool) }, body: toPoolBody(pool) });
  });

  serve(app, ROUTES.updatePool, async (call) => {
    const { organizationId } = call.principal;
    const { params, headers, body } = call;
    const request = { id: params.pool_id, ifMatch: headers["if-match"], body, organizationId, ...actorOf(call) };
    const pool = await updatePool(deps, call.db, request);
    if (!pool.ok) return pool;
    return ok({ status: 200, headers: { ETag: etagOfPool(pool.value) }, body: toPoolBody(pool.value) });
  });
}
