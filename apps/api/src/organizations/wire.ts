import type { AdminOrganization, Organization } from "@berth/contract";
import type { OrganizationRow } from "@berth/db";
import { moneyFromMicroUsd, type OrganizationUsage } from "@berth/domain";
import { etagOf, versionWith } from "../http/etag.ts";
import { iso } from "../http/wire.ts";
import { toQuotaUses, toSpendEntry } from "../quotas/wire.ts";

/** As its own people see it. */
export function toOrganizationBody(organization: OrganizationRow): Organization {
  const { id, name, kind, state, generation, spendCapMicroUsdPerHour: cap, createdAt } = organization;
  const max_price_per_hour = cap === null ? null : moneyFromMicroUsd(Number(cap));
  return { id, name, kind, state, max_price_per_hour, generation, created_at: iso(createdAt) };
}

/** As the platform's people see it. */
export interface SeenOrganization {
  readonly organization: OrganizationRow;
  readonly usage: OrganizationUsage;
}

export function toAdminOrganizationBody({ organization, usage }: SeenOrganization): AdminOrganization {
  const { id, name, kind, state, suspendedAt, suspensionReason, generation, createdAt } = organization;
  return {
    id,
    name,
    kind,
    state,
    suspension: suspendedAt === null ? null : { since: iso(suspendedAt), reason: suspensionReason ?? "" },
    generation,
    created_at: iso(createdAt),
    quotas: toQuotaUses(usage),
    spend: toSpendEntry(usage.spend),
  };
}

/** What is used changes without a request for it, so it is the status half of the version. */
export function etagOfSeen({ organization, usage }: SeenOrganization): string {
  return etagOf(versionWith(organization, usage));
}
