import { lockInvitation, lockOrganization, type ScopedDatabase, revokeInvitation as storeRevocation } from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { admitStanding } from "../members/authority.ts";

/** Ends an open invitation: its token opens nothing any more. */
export function revokeInvitation(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly principal: Principal;
    readonly invitationId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<true, Refusal>> {
  const { principal, invitationId, ifMatch, actor, requestId } = request;
  const { organizationId, organizationKind } = principal;
  return db.transaction(async (tx): Promise<Result<true, Refusal>> => {
    await lockOrganization(tx, organizationId);
    const invitation = await lockInvitation(tx, organizationId, invitationId);
    if (invitation === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, invitation.generation)) return changedMeanwhile("invitation");
    const { state, role } = invitation;
    if (state !== "pending" && state !== "expired") return refuse("invalid_state", `The invitation is ${state}.`);
    const caller = await callerNow(deps, tx, principal, "members:write");
    if (!caller.ok) return caller;
    const standing = admitStanding(organizationKind, role, caller.value.permissions);
    if (!standing.ok) return standing;
    await storeRevocation(tx, deps.ids, { invitation, actor, requestId });
    return ok(true);
  });
}
