import type { UpdateSpendCapBody } from "@berth/contract";
import { type OrganizationRow, type ScopedDatabase, updateSpendCap as storeSpendCap } from "@berth/db";
import type { Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { microUsdOf } from "../http/wire.ts";
import { changeOrganization, type OrganizationChange } from "./change-organization.ts";

/**
 * Sets what one's own clusters may cost together, or takes the cap off. Below what they cost is no fault: they run on, and more
 * is refused.
 */
export function updateSpendCap(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: OrganizationChange<UpdateSpendCapBody>,
): Promise<Result<OrganizationRow, Refusal>> {
  const { body, actor, requestId } = request;
  return changeOrganization(db, request, async (tx, before) => {
    const { spendCapMicroUsdPerHour: known } = before;
    const { max_price_per_hour: asked } = body;
    if (asked === undefined) return before;
    const microUsdPerHour = asked === null ? null : microUsdOf(asked);
    if (microUsdPerHour === (known === null ? null : Number(known))) return before;
    return storeSpendCap(tx, deps.ids, { before, microUsdPerHour, actor, requestId });
  });
}
