import type { UpdateQuotasBody } from "@berth/contract";
import { type Limits, limitsOf, lockAnyOrganization, readQuota, type ScopedDatabase, updateLimits } from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { withLimits } from "../quotas/wire.ts";
import type { SeenOrganization } from "./wire.ts";

/**
 * Changes what an organization may have. Below what it has is no fault: nothing goes, and more is refused. A change of nothing
 * is no change: the generation stays.
 */
export function updateQuotas(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdateQuotasBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<SeenOrganization, Refusal>> {
  const { organizationId, ifMatch, body, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<SeenOrganization, Refusal>> => {
    const before = await lockAnyOrganization(tx, organizationId);
    if (before === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, before.generation)) return changedMeanwhile("organization");
    const limits = withLimits(limitsOf(before), body.quotas);
    const organization = isSame(limits, limitsOf(before))
      ? before
      : await updateLimits(tx, deps.ids, { before, limits, actor, requestId });
    return ok({ organization, usage: await readQuota(tx, before.id) });
  });
}

function isSame(one: Limits, other: Limits): boolean {
  return (Object.keys(one) as (keyof Limits)[]).every((name) => one[name] === other[name]);
}
