import type { Invitation } from "@berth/contract";
import type { InvitationRow } from "@berth/db";
import { etagOf, versionWith } from "../http/etag.ts";
import { iso, isoOrNull } from "../http/wire.ts";

export function toInvitationBody(invitation: InvitationRow): Invitation {
  return {
    id: invitation.id,
    organization_id: invitation.organizationId,
    email: invitation.email,
    role: invitation.role,
    state: invitation.state,
    member_id: invitation.memberId,
    generation: invitation.generation,
    created_by: invitation.createdBy,
    created_at: iso(invitation.createdAt),
    expires_at: iso(invitation.expiresAt),
    accepted_at: isoOrNull(invitation.acceptedAt),
    revoked_at: isoOrNull(invitation.revokedAt),
  };
}

/** It expires by itself. */
export function etagOfInvitation(invitation: InvitationRow): string {
  return etagOf(versionWith(invitation, invitation.state));
}
