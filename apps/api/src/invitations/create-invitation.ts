import type { CreateInvitationBody } from "@berth/contract";
import {
  findMemberByEmail,
  type InvitationRow,
  lockQuota,
  createInvitation as storeInvitation,
  type Tx,
} from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { admitRole } from "../members/authority.ts";
import { admitOne } from "../quotas/admit.ts";

/** Invites somebody who is not there yet, within the quota of members. One transaction, the caller's. */
export async function createInvitation(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly principal: Principal;
    readonly body: CreateInvitationBody;
    readonly tokenHash: Uint8Array;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<InvitationRow, Refusal>> {
  const { principal, body, tokenHash, actor, requestId } = request;
  const { organizationId, organizationKind } = principal;
  const { email, role } = body;
  const { quotas } = await lockQuota(tx, organizationId);
  const caller = await callerNow(deps, tx, principal, "members:write");
  if (!caller.ok) return caller;
  const grant = admitRole(organizationKind, role, caller.value.permissions);
  if (!grant.ok) return grant;
  const outsider = await admitOutsider(tx, organizationId, email);
  if (!outsider.ok) return outsider;
  const seat = admitOne("members", quotas.members);
  if (!seat.ok) return seat;
  const id = deps.ids.next("invitation");
  const invitation = await storeInvitation(tx, deps.ids, {
    id,
    organizationId,
    email,
    role,
    tokenHash,
    actor,
    requestId,
  });
  if (invitation !== undefined) return ok(invitation);
  const detail = `There is an open invitation for ${email}. Send it again, or revoke it.`;
  return refuse("already_invited", detail, { errors: [{ pointer: "/email", code: "already_invited", detail }] });
}

/** Passes an address that is no member's. */
export async function admitOutsider(
  tx: Tx,
  organizationId: OrganizationId,
  email: string,
): Promise<Result<true, Refusal>> {
  const member = await findMemberByEmail(tx, organizationId, email);
  if (member === undefined) return ok(true);
  const detail = `${email} is a member already: ${member.id}.`;
  return refuse("already_member", detail, { errors: [{ pointer: "/email", code: "already_member", detail }] });
}
