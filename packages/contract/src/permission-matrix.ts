import {
  LIMITABLE_PERMISSIONS,
  ORGANIZATION_KINDS,
  type OrganizationKind,
  type Permission,
  permissionsOfRole,
  rolesOf,
} from "@berth/domain";
import type { RouteShape } from "./route.ts";
import { ROUTES } from "./routes.ts";

const TITLES: Readonly<Record<OrganizationKind, string>> = {
  customer: "Members of a customer",
  platform: "Members of the platform's own organization",
};

/**
 * Who may call what, as a page: every route and what each role makes of it, and a key that is limited to some projects or
 * clusters. Same contract, same bytes: it is committed, so that a change of who may do what is seen in review.
 */
export function permissionMatrix(): string {
  const tables = ORGANIZATION_KINDS.map((kind) => `## ${TITLES[kind]}\n\n${tableOf(kind)}`);
  return `# Permission matrix

Written from the route table and the table of roles by \`npm run openapi -w packages/contract\`.

\`yes\`: may, when the key has the permission among its scopes. \`itself\`: to the key itself alone. \`all\`: every valid key.
\`open\`: no key is asked for. Empty: 403.

${tables.join("\n")}`;
}

function tableOf(kind: OrganizationKind): string {
  const columns: readonly (readonly [string, readonly Permission[]])[] = [
    ...rolesOf(kind).map((role) => [role, permissionsOfRole(kind, role)] as const),
    ["limited key", LIMITABLE_PERMISSIONS],
  ];
  const head = ["Operation", "Route", "Permission", ...columns.map(([name]) => name)];
  const rows = Object.values<RouteShape>(ROUTES).map((shape) => [
    shape.operationId,
    `\`${shape.method} ${shape.path}\``,
    shape.permission,
    ...columns.map(([, held]) => wordOf(shape, held)),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function wordOf({ permission, ownKey }: RouteShape, held: readonly Permission[]): string {
  if (permission === "public") return "open";
  if (permission === "authenticated") return "all";
  if (held.includes(permission)) return "yes";
  return ownKey ? "itself" : "";
}
