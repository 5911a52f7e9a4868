import {
  countOtherOwners,
  findMember,
  lockOrganization,
  type ScopedDatabase,
  removeMember as storeRemoval,
} from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { admitStanding } from "./authority.ts";
import { LAST_OWNER } from "./update-member.ts";

/** Ends a membership, with the member's keys. Whoever leaves needs a key that may all that their role may. */
export function removeMember(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly principal: Principal;
    readonly memberId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<true, Refusal>> {
  const { principal, memberId, ifMatch, actor, requestId } = request;
  const { organizationId, organizationKind } = principal;
  return db.transaction(async (tx): Promise<Result<true, Refusal>> => {
    await lockOrganization(tx, organizationId);
    const member = await findMember(tx, organizationId, memberId);
    if (member === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, member.generation)) return changedMeanwhile("member");
    // Everybody may leave: no role is without the one permission.
    const needed = member.id === principal.member?.id ? "organization:read" : "members:write";
    const caller = await callerNow(deps, tx, principal, needed);
    if (!caller.ok) return caller;
    const standing = admitStanding(organizationKind, member.role, caller.value.permissions);
    if (!standing.ok) return standing;
    if (member.role === "owner" && (await countOtherOwners(tx, organizationId, member.id)) === 0) return LAST_OWNER;
    await storeRemoval(tx, deps.ids, { member, actor, requestId });
    return ok(true);
  });
}
