import type { UpdateSpendCapBody } from "@berth/contract";
import {
  lockOrganization,
  type OrganizationRow,
  type ScopedDatabase,
  updateSpendCap as storeSpendCap,
} from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, type Refusal } from "../http/refusal.ts";
import { microUsdOf } from "../http/wire.ts";

/**
 * Sets what one's own clusters may cost together, or takes the cap off. Below what they cost is no fault: they run on, and more
 * is refused. A change of nothing is no change: the generation stays.
 */
export function updateSpendCap(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly ifMatch: string | undefined;
    readonly body: UpdateSpendCapBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<OrganizationRow, Refusal>> {
  const { organizationId, ifMatch, body, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<OrganizationRow, Refusal>> => {
    const before = await lockOrganization(tx, organizationId);
    if (!mayChange(ifMatch, before.generation)) return changedMeanwhile("organization");
    const { spendCapMicroUsdPerHour: known } = before;
    const { max_price_per_hour: asked } = body;
    if (asked === undefined) return ok(before);
    const microUsdPerHour = asked === null ? null : microUsdOf(asked);
    if (microUsdPerHour === (known === null ? null : Number(known))) return ok(before);
    return ok(await storeSpendCap(tx, deps.ids, { before, microUsdPerHour, actor, requestId }));
  });
}
