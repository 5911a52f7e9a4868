import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { serve } from "../http/serve.ts";
import { estimateClusters } from "./estimate-clusters.ts";

/** What clusters would cost, before anybody makes them. */
export function estimateRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createEstimate, async ({ db, principal, body }) => {
    const estimate = await estimateClusters(deps, db, principal.organizationId, body);
    return estimate.ok ? ok({ status: 200, body: estimate.value }) : estimate;
  });
}
