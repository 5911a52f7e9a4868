/**
 * Who may do what: the one permission table.
 *
 * A route names one permission; an API key holds some as its scopes; a member's role stands for a list of them. What a
 * caller may is the scopes of the key, cut to the role of the member that it acts for. Nothing else grants anything.
 */

/** What may be done within one's own organization. */
export const TENANT_PERMISSIONS = [
  "organization:read",
  "organization:write",
  "members:read",
  "members:write",
  "projects:read",
  "projects:write",
  "keys:read",
  "keys:write",
  "clusters:read",
  "clusters:write",
  "clusters:delete",
  "clusters:credentials",
  "billing:read",
  "billing:write",
  "audit:read",
] as const;
export type TenantPermission = (typeof TENANT_PERMISSIONS)[number];

/** What crosses organizations: for the platform's own people alone. */
export const PLATFORM_PERMISSIONS = [
  "admin:fleet:read",
  "admin:fleet:act",
  "admin:tenants:read",
  "admin:tenants:act",
  "admin:audit:read",
  "admin:billing:read",
] as const;
export type PlatformPermission = (typeof PLATFORM_PERMISSIONS)[number];

export type Permission = TenantPermission | PlatformPermission;
export const PERMISSIONS: readonly Permission[] = [...TENANT_PERMISSIONS, ...PLATFORM_PERMISSIONS];

/** Permissions that a key limited to some projects or clusters can hold: the others are about the whole organization. */
export const LIMITABLE_PERMISSIONS: readonly Permission[] = [
  "clusters:read",
  "clusters:write",
  "clusters:delete",
  "clusters:credentials",
];

/** A customer, or the platform's own people, whose members and keys may hold `admin:*`. */
export const ORGANIZATION_KINDS = ["customer", "platform"] as const;
export type OrganizationKind = (typeof ORGANIZATION_KINDS)[number];

/** A suspended organization's keys open nothing; what runs goes on. */
export const ORGANIZATION_STATES = ["active", "suspended"] as const;
export type OrganizationState = (typeof ORGANIZATION_STATES)[number];

export const CUSTOMER_ROLES = ["owner", "admin", "developer", "billing", "viewer"] as const;
export const PLATFORM_ROLES = ["owner", "operator-read", "operator-act", "security-audit", "finance"] as const;
export type CustomerRole = (typeof CUSTOMER_ROLES)[number];
export type PlatformRole = (typeof PLATFORM_ROLES)[number];
/** What a member is in an organization. `owner` is a word of both kinds. */
export type MemberRole = CustomerRole | PlatformRole;
export const MEMBER_ROLES: readonly MemberRole[] = [...new Set([...CUSTOMER_ROLES, ...PLATFORM_ROLES])];

const without = (...left: readonly TenantPermission[]): TenantPermission[] =>
  TENANT_PERMISSIONS.filter((one) => !left.includes(one));

const CUSTOMER_ROLE_PERMISSIONS: Readonly<Record<CustomerRole, readonly TenantPermission[]>> = {
  owner: TENANT_PERMISSIONS,
  admin: without("organization:write"),
  developer: [
    "organization:read",
    "members:read",
    "projects:read",
    "clusters:read",
    "clusters:write",
    "clusters:delete",
    "clusters:credentials",
  ],
  billing: ["organization:read", "members:read", "projects:read", "billing:read", "billing:write"],
  viewer: ["organization:read", "members:read", "projects:read", "clusters:read"],
};

const OWN_ORGANIZATION: readonly TenantPermission[] = ["organization:read", "members:read"];
const PLATFORM_ROLE_PERMISSIONS: Readonly<Record<PlatformRole, readonly Permission[]>> = {
  owner: PERMISSIONS,
  "operator-read": [...OWN_ORGANIZATION, "admin:fleet:read", "admin:tenants:read"],
  "operator-act": [
    ...OWN_ORGANIZATION,
    "admin:fleet:read",
    "admin:fleet:act",
    "admin:tenants:read",
    "admin:tenants:act",
  ],
  "security-audit": [...OWN_ORGANIZATION, "audit:read", "admin:tenants:read", "admin:audit:read"],
  finance: [...OWN_ORGANIZATION, "admin:tenants:read", "admin:billing:read"],
};

/** The roles that an organization of this kind has. */
export function rolesOf(kind: OrganizationKind): readonly MemberRole[] {
  return kind === "customer" ? CUSTOMER_ROLES : PLATFORM_ROLES;
}

/** What a role stands for; nothing for a role that the kind does not have. */
export function permissionsOfRole(kind: OrganizationKind, role: MemberRole): readonly Permission[] {
  const table: Readonly<Partial<Record<MemberRole, readonly Permission[]>>> =
    kind === "customer" ? CUSTOMER_ROLE_PERMISSIONS : PLATFORM_ROLE_PERMISSIONS;
  return table[role] ?? [];
}

/** Everything that somebody of an organization of this kind can be allowed: its owner's. */
export function permissionsOfKind(kind: OrganizationKind): readonly Permission[] {
  return permissionsOfRole(kind, "owner");
}

/**
 * What a key opens, in the order of the table. A member's key never opens more than the member's role does now, no key of a
 * customer opens what is the platform's, and no limited key what is about the whole organization, whatever its row says.
 */
export function effectivePermissions(key: {
  readonly scopes: readonly string[];
  readonly kind: OrganizationKind;
  readonly role: MemberRole | undefined;
  /** Reaches some projects or clusters alone. */
  readonly isLimited: boolean;
}): readonly Permission[] {
  const ceiling = key.role === undefined ? permissionsOfKind(key.kind) : permissionsOfRole(key.kind, key.role);
  const limitable = key.isLimited ? LIMITABLE_PERMISSIONS : PERMISSIONS;
  return PERMISSIONS.filter((one) => key.scopes.includes(one) && ceiling.includes(one) && limitable.includes(one));
}

/** Those of `wanted` that are not among `held`: what nobody can grant who does not have it. */
export function beyond(wanted: readonly Permission[], held: readonly Permission[]): Permission[] {
  return wanted.filter((permission) => !held.includes(permission));
}
