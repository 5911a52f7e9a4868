import type { Invitation } from "@berth/contract";
import type { InvitationRow } from "@berth/db";
import { iso, isoOrNull } from "../http/wire.ts";

export function toInvitationBody(invitation: InvitationRow): Invitation {
  return {
    id: invitation.id,
    organization_id: invitation.organizationId,
    email: invitation.email,
    role: invitation.role,
    state: invitation.state,
    member_id: invitation.memberId,
    created_by: invitation.createdBy,
    created_at: iso(invitation.createdAt),
    expires_at: iso(invitation.expiresAt),
    accepted_at: isoOrNull(invitation.acceptedAt),
    revoked_at: isoOrNull(invitation.revokedAt),
  };
}
