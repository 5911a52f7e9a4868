import type { UpdateOrganizationBody } from "@berth/contract";
import { lockOrganization, type OrganizationRow, renameOrganization, type ScopedDatabase } from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, type Refusal } from "../http/refusal.ts";

/** Renames one's own organization. A change of nothing is no change: the generation stays. */
export function updateOrganization(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly ifMatch: string | undefined;
    readonly body: UpdateOrganizationBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<OrganizationRow, Refusal>> {
  const { organizationId, ifMatch, body, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<OrganizationRow, Refusal>> => {
    const before = await lockOrganization(tx, organizationId);
    if (!mayChange(ifMatch, before.generation)) return changedMeanwhile("organization");
    const { name = before.name } = body;
    if (name === before.name) return ok(before);
    return ok(await renameOrganization(tx, deps.ids, { before, name, actor, requestId }));
  });
}
