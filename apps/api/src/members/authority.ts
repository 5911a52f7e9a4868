import {
  beyond,
  type MemberRole,
  type OrganizationKind,
  ok,
  type Permission,
  permissionsOfRole,
  type Result,
  rolesOf,
} from "@berth/domain";
import { type Refusal, refuse, refuseField } from "../http/refusal.ts";

/** Passes a role that an organization of the kind has, and that is no more than what the caller may. */
export function admitRole(
  kind: OrganizationKind,
  role: MemberRole,
  held: readonly Permission[],
): Result<true, Refusal> {
  if (!rolesOf(kind).includes(role)) {
    return refuseField("/role", "unknown_role", `The roles of this organization are ${rolesOf(kind).join(", ")}.`);
  }
  return admitStanding(kind, role, held);
}

/** Passes when somebody of that role is no more than the caller. */
export function admitStanding(
  kind: OrganizationKind,
  role: MemberRole,
  held: readonly Permission[],
): Result<true, Refusal> {
  const missing = beyond(permissionsOfRole(kind, role), held);
  if (missing.length === 0) return ok(true);
  return refuse("insufficient_scope", `The role ${role} may more than the API key: ${missing.join(", ")}.`, {
    extra: { required_permissions: missing },
  });
}

/** The roles that somebody who may this much can give. */
export function grantableRoles(kind: OrganizationKind, held: readonly Permission[]): MemberRole[] {
  return rolesOf(kind).filter((role) => beyond(permissionsOfRole(kind, role), held).length === 0);
}
