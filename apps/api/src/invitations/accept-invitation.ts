import {
  appendEvent,
  type InvitationRow,
  insertApiKey,
  insertMember,
  lockApiKeyQuota,
  lockInvitation,
  lockOrganization,
  type MemberRow,
  markAccepted,
  type NewApiKeyRow,
  type OrganizationRow,
  type Tx,
} from "@berth/db";
import { ok, permissionsOfRole, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { NewApiKey } from "../http/api-key.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { admitOne } from "../quotas/admit.ts";

const DAY_MS = 86_400_000;
/** How long the key is good with which a member begins. */
const FIRST_KEY_DAYS = 90;
const FIRST_KEY_NAME = "first key";

/** The same words whether it never was, was used, revoked or sent again, or is too old. */
export const INVALID_INVITATION = refuse(
  "invalid_invitation",
  "That is not an invitation, or not one that is still open. Ask whoever invited you for another.",
);

export interface Accepted {
  readonly organization: OrganizationRow;
  readonly member: MemberRow;
  readonly apiKey: NewApiKeyRow & { readonly expiresAt: Date };
}

/** Makes the member that a pending invitation offers, and the key with which they begin. One transaction, the caller's. */
export async function acceptInvitation(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly found: Pick<InvitationRow, "id" | "organizationId">;
    readonly name: string;
    readonly key: NewApiKey;
    readonly requestId: string;
  },
): Promise<Result<Accepted, Refusal>> {
  const { found, name, key, requestId } = request;
  const { organizationId } = found;
  const organization = await lockOrganization(tx, organizationId);
  const invitation = await lockInvitation(tx, organizationId, found.id);
  if (invitation?.state !== "pending") return INVALID_INVITATION;
  if (organization.state === "suspended") {
    return refuse("organization_suspended", "The organization is suspended. Ask whoever invited you.");
  }
  const room = admitOne("apiKeys", await lockApiKeyQuota(tx, organizationId));
  if (!room.ok) return room;
  const { email, role } = invitation;
  // Nobody has asked but the invitation itself.
  const actor = invitation.id;
  const id = deps.ids.next("member");
  const member = await insertMember(tx, { id, organizationId, email, name, role, createdBy: actor });
  if (member === undefined) return INVALID_INVITATION;

  const apiKey = {
    id: deps.ids.next("apiKey"),
    organizationId,
    publicId: key.publicId,
    secretHash: key.secretHash,
    name: FIRST_KEY_NAME,
    scopes: permissionsOfRole(organization.kind, role),
    memberId: member.id,
    expiresAt: new Date(deps.clock.now().getTime() + FIRST_KEY_DAYS * DAY_MS),
    createdBy: actor,
  };
  await insertApiKey(tx, apiKey);
  await markAccepted(tx, deps.ids, { invitation, memberId: member.id, apiKeyId: apiKey.id, actor, requestId });
  await appendEvent(tx, deps.ids, {
    organizationId,
    type: "member.joined",
    targetType: "member",
    targetId: member.id,
    data: { role },
  });
  return ok({ organization, member, apiKey });
}
