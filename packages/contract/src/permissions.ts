import type { Permission } from "@berth/domain";

export { MEMBER_ROLES, PERMISSIONS, type Permission } from "@berth/domain";

/** `authenticated`: any valid key. `public`: no key at all. */
export type RoutePermission = Permission | "authenticated" | "public";
