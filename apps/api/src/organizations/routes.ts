import { ROUTES } from "@berth/contract";
import { findOrganization, readQuota } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toQuotaEntries, toSpendEntry } from "../quotas/wire.ts";
import { toOrganizationBody } from "./wire.ts";

/** One's own organization. */
export function organizationRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.getOrganization, async ({ db, principal }) => {
    const organization = await findOrganization(db, principal.organizationId);
    return organization === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toOrganizationBody(organization) });
  });

  serve(app, ROUTES.getQuotas, async ({ db, principal }) => {
    const usage = await readQuota(db, principal.organizationId);
    return ok({ status: 200, body: { quotas: toQuotaEntries(usage), spend: toSpendEntry(usage.spend) } });
  });
}
