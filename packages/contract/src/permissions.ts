/** What an API key may be allowed to do. A route names one of these, or the server refuses to start. */
export const PERMISSIONS = [
  "clusters:read",
  "clusters:write",
  "clusters:delete",
  "clusters:credentials",
  "admin:machines",
  "admin:packing",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Everything that a customer may do within the own organization. */
export const CUSTOMER_PERMISSIONS: readonly Permission[] = [
  "clusters:read",
  "clusters:write",
  "clusters:delete",
  "clusters:credentials",
];

/** What operators may do. These cross organizations, so no customer's key holds one. */
export const OPERATOR_PERMISSIONS: readonly Permission[] = ["admin:machines", "admin:packing"];

/** `authenticated`: any valid key. `public`: no key at all. */
export type RoutePermission = Permission | "authenticated" | "public";
