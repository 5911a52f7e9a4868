import type { UpdateMemberBody } from "@berth/contract";
import {
  countOtherOwners,
  findMember,
  lockOrganization,
  type MemberRow,
  type ScopedDatabase,
  updateMember as storeUpdate,
} from "@berth/db";
import { err, ok, permissionsOfRole, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { admitRole, admitStanding, grantableRoles } from "./authority.ts";

/** Changes a member's role or name. A change of nothing is no change: the generation stays. */
export function updateMember(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly principal: Principal;
    readonly memberId: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdateMemberBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<MemberRow, Refusal>> {
  const { principal, memberId, ifMatch, body, actor, requestId } = request;
  const { organizationId, organizationKind: kind } = principal;
  return db.transaction(async (tx): Promise<Result<MemberRow, Refusal>> => {
    await lockOrganization(tx, organizationId);
    const member = await findMember(tx, organizationId, memberId);
    if (member === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, member.generation)) return changedMeanwhile("member");
    const { name = member.name, role = member.role } = body;
    const caller = await callerNow(deps, tx, principal, "members:write");
    if (!caller.ok) return caller;
    const held = caller.value.permissions;
    const standing = admitStanding(kind, member.role, held);
    if (!standing.ok) return standing;
    const grant = admitRole(kind, role, held);
    if (!grant.ok) return grant;
    if (member.role === "owner" && role !== "owner" && (await countOtherOwners(tx, organizationId, member.id)) === 0) {
      return LAST_OWNER;
    }
    if (name === member.name && role === member.role) return ok(member);
    const mayOffer = grantableRoles(kind, permissionsOfRole(kind, role));
    return ok(await storeUpdate(tx, deps.ids, { member, name, role, mayOffer, actor, requestId }));
  });
}

export const LAST_OWNER = refuse(
  "last_owner",
  "This is the organization's last owner. Make somebody else owner first.",
);
