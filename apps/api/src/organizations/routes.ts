import { ROUTES } from "@berth/contract";
import { findOrganization, type OrganizationRow, readQuota } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf, versionOf } from "../http/etag.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toQuotaEntries, toSpendEntry } from "../quotas/wire.ts";
import { updateOrganization } from "./update-organization.ts";
import { updateSpendCap } from "./update-spend-cap.ts";
import { toOrganizationBody } from "./wire.ts";

/** One's own organization. */
export function organizationRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.getOrganization, async ({ db, principal }) => {
    const organization = await findOrganization(db, principal.organizationId);
    return organization === undefined ? err(NOT_FOUND) : ok(answerOf(organization));
  });

  serve(app, ROUTES.updateOrganization, async (call) => {
    const { organizationId } = call.principal;
    const request = { organizationId, ifMatch: call.headers["if-match"], body: call.body, ...actorOf(call) };
    const updated = await updateOrganization(deps, call.db, request);
    return updated.ok ? ok(answerOf(updated.value)) : updated;
  });

  serve(app, ROUTES.updateSpendCap, async (call) => {
    const { organizationId } = call.principal;
    const request = { organizationId, ifMatch: call.headers["if-match"], body: call.body, ...actorOf(call) };
    const updated = await updateSpendCap(deps, call.db, request);
    return updated.ok ? ok(answerOf(updated.value)) : updated;
  });

  serve(app, ROUTES.getQuotas, async ({ db, principal }) => {
    const usage = await readQuota(db, principal.organizationId);
    return ok({ status: 200, body: { quotas: toQuotaEntries(usage), spend: toSpendEntry(usage.spend) } });
  });
}

function answerOf(organization: OrganizationRow) {
  const headers = { ETag: etagOf(versionOf(organization)) };
  return { status: 200, headers, body: toOrganizationBody(organization) } as const;
}
