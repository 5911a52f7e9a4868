import { type InvitationRow, lockInvitation, lockQuota, renewInvitation, type Tx } from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { admitRole } from "../members/authority.ts";
import { admitOne } from "../quotas/admit.ts";
import { admitOutsider } from "./create-invitation.ts";

/** Renews an open invitation, an expired one too. One transaction, the caller's. */
export async function resendInvitation(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly principal: Principal;
    readonly invitationId: string;
    readonly tokenHash: Uint8Array;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<InvitationRow, Refusal>> {
  const { principal, invitationId, tokenHash, actor, requestId } = request;
  const { organizationId, organizationKind } = principal;
  const { quotas } = await lockQuota(tx, organizationId);
  const invitation = await lockInvitation(tx, organizationId, invitationId);
  if (invitation === undefined) return err(NOT_FOUND);
  const { state, role, email } = invitation;
  if (state !== "pending" && state !== "expired") return refuse("invalid_state", `The invitation is ${state}.`);
  const caller = await callerNow(deps, tx, principal, "members:write");
  if (!caller.ok) return caller;
  // Whoever sends it sees the token, and could accept it themselves.
  const grant = admitRole(organizationKind, role, caller.value.permissions);
  if (!grant.ok) return grant;
  const outsider = await admitOutsider(tx, organizationId, email);
  if (!outsider.ok) return outsider;
  // One that has expired has given its seat away.
  const seat = state === "expired" ? admitOne("members", quotas.members) : ok(true);
  if (!seat.ok) return seat;
  return ok(await renewInvitation(tx, deps.ids, { invitation, tokenHash, actor, requestId }));
}
