import { lockOrganization, type OrganizationRow, type ScopedDatabase, type Tx } from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, type Refusal } from "../http/refusal.ts";

/** A change that its own people ask for. */
export interface OrganizationChange<Body> {
  readonly organizationId: OrganizationId;
  readonly ifMatch: string | undefined;
  readonly body: Body;
  readonly actor: string;
  readonly requestId: string;
}

/**
 * Changes one's own organization in a transaction of its own, under the row's lock, if it is still what the caller has seen.
 * `change` gives the row as it was when nothing of it is another: the generation stays.
 */
export function changeOrganization(
  db: ScopedDatabase,
  { organizationId, ifMatch }: Pick<OrganizationChange<unknown>, "organizationId" | "ifMatch">,
  change: (tx: Tx, before: OrganizationRow) => Promise<OrganizationRow>,
): Promise<Result<OrganizationRow, Refusal>> {
  return db.transaction(async (tx): Promise<Result<OrganizationRow, Refusal>> => {
    const before = await lockOrganization(tx, organizationId);
    return mayChange(ifMatch, before.generation) ? ok(await change(tx, before)) : changedMeanwhile("organization");
  });
}
