import type { Member } from "@berth/contract";
import type { MemberRow } from "@berth/db";
import { iso } from "../http/wire.ts";

export function toMemberBody(member: MemberRow): Member {
  return {
    id: member.id,
    organization_id: member.organizationId,
    email: member.email,
    name: member.name,
    role: member.role,
    generation: member.generation,
    created_by: member.createdBy,
    created_at: iso(member.createdAt),
  };
}
