import { ROUTES } from "@berth/contract";
import { findOrganization, readQuota } from "@berth/db";
import { err, moneyFromMicroUsd, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { iso } from "../http/wire.ts";
import { toQuotaEntries, toSpendEntry } from "../quotas/wire.ts";

/** One's own organization. */
export function organizationRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.getOrganization, async ({ db, principal }) => {
    const organization = await findOrganization(db, principal.organizationId);
    if (organization === undefined) return err(NOT_FOUND);
    const { id, name, kind, state, generation, spendCapMicroUsdPerHour: cap } = organization;
    const max_price_per_hour = cap === null ? null : moneyFromMicroUsd(Number(cap));
    const created_at = iso(organization.createdAt);
    return ok({ status: 200, body: { id, name, kind, state, max_price_per_hour, generation, created_at } });
  });

  serve(app, ROUTES.getQuotas, async ({ db, principal }) => {
    const usage = await readQuota(db, principal.organizationId);
    return ok({ status: 200, body: { quotas: toQuotaEntries(usage), spend: toSpendEntry(usage.spend) } });
  });
}
