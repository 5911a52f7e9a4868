import { parse } from "yaml";
import { findText, settingFlag, settingList } from "../model/settings.ts";
import { type ClusterState, clusterOf, type EngineWorld, type NodeProcess } from "../model/state.ts";
import type { Credentials } from "./credentials.ts";
import { ELASTIC_BUILT_IN, elasticRole, OPENSEARCH_BUILT_IN, openSearchRole, type Role } from "./privileges.ts";
import { SYSTEM_INDEX, SystemIndexUnavailable, systemDocument, systemDocuments } from "./system-index.ts";

export interface Principal {
  readonly username: string;
  readonly realm: { readonly name: string; readonly type: string };
  readonly roles: readonly string[];
  readonly backendRoles: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly fullName: string | null;
  readonly email: string | null;
}

export interface BasicAuth {
  readonly username: string;
  readonly password: string;
}

interface StoredUser {
  readonly hash: string;
  readonly principal: Principal;
}

const FILE_REALM = { name: "default_file", type: "file" };
const NATIVE_REALM = { name: "default_native", type: "native" };
const RESERVED_REALM = { name: "reserved", type: "reserved" };
const INTERNAL_REALM = { name: "internal", type: "internal" };

/** Who a request comes from, or undefined: a wrong password, an unknown and a disabled user look the same. */
export function authenticate(
  world: EngineWorld,
  credentials: Credentials,
  node: NodeProcess,
  auth: BasicAuth,
): Principal | undefined {
  const users = candidates(world, node, auth.username);
  return users.find(({ hash }) => credentials.matches(auth.password, hash))?.principal;
}

/** The stored users that a name could mean, in the order of the realms. */
export function candidates(world: EngineWorld, node: NodeProcess, username: string): readonly StoredUser[] {
  return node.config.engine === "elasticsearch"
    ? elasticCandidates(world, node, username)
    : openSearchCandidates(world, node, username);
}

function elasticCandidates(world: EngineWorld, node: NodeProcess, username: string): readonly StoredUser[] {
  const cluster = clusterOf(world, node);
  const native = cluster === undefined ? undefined : readableDocument(world, cluster, `user-${username}`);
  const found: StoredUser[] = [];
  if (
    username === "elastic" &&
    settingFlag(node.config.settings, "xpack.security.authc.reserved_realm.enabled", true)
  ) {
    const bootstrap = native === undefined ? bootstrapPassword(node) : undefined;
    const hash = native === undefined ? bootstrap : String(native.password);
    if (hash !== undefined) found.push({ hash, principal: principalOf("elastic", RESERVED_REALM, ["superuser"]) });
  }
  const fileHash = usersFile(node).get(username);
  if (fileHash !== undefined) {
    found.push({ hash: fileHash, principal: principalOf(username, FILE_REALM, fileRoles(node, username)) });
  }
  if (native !== undefined && native.enabled !== false && username !== "elastic") {
    const roles = native.roles as readonly string[];
    found.push({
      hash: String(native.password),
      principal: {
        ...principalOf(username, NATIVE_REALM, roles),
        metadata: (native.metadata ?? {}) as Record<string, unknown>,
        fullName: (native.full_name ?? null) as string | null,
        email: (native.email ?? null) as string | null,
      },
    });
  }
  return found;
}

/** While the index of users cannot be read, native users cannot log in; the file realm goes on working. */
function readableDocument(world: EngineWorld, cluster: ClusterState, id: string) {
  try {
    return systemDocument(world, cluster, id);
  } catch (error) {
    if (error instanceof SystemIndexUnavailable) return undefined;
    throw error;
  }
}

function bootstrapPassword(node: NodeProcess): string | undefined {
  const plain = findText(node.pod.files, "bootstrap.password")?.trim() ?? node.pod.env.ELASTIC_PASSWORD;
  return plain === undefined ? undefined : `plain:${plain}`;
}

/** `users` of the file realm, read live: the real one looks again every five seconds. */
function usersFile(node: NodeProcess): ReadonlyMap<string, string> {
  const lines = (findText(node.pod.files, "users") ?? "").split("\n").map((line) => line.trim());
  const pairs = lines.filter((line) => line !== "" && !line.startsWith("#") && line.includes(":"));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

function fileRoles(node: NodeProcess, username: string): readonly string[] {
  const lines = (findText(node.pod.files, "users_roles") ?? "").split("\n").map((line) => line.trim());
  return lines.flatMap((line) => {
    const [role = "", users = ""] = line.split(":");
    const named = users.split(",").map((user) => user.trim());
    return role !== "" && !role.startsWith("#") && named.includes(username) ? [role] : [];
  });
}

function openSearchCandidates(world: EngineWorld, node: NodeProcess, username: string): readonly StoredUser[] {
  const cluster = clusterOf(world, node);
  const user = cluster === undefined ? undefined : readableDocument(world, cluster, `internalusers/${username}`);
  if (cluster === undefined || user === undefined) return [];
  const backendRoles = (user.backend_roles ?? []) as readonly string[];
  const direct = (user.opendistro_security_roles ?? []) as readonly string[];
  const mapped = mappedRoles(world, cluster, username, backendRoles);
  const roles = [...new Set([...direct, ...mapped])];
  return [{ hash: String(user.hash), principal: { ...principalOf(username, INTERNAL_REALM, roles), backendRoles } }];
}

function mappedRoles(
  world: EngineWorld,
  cluster: ClusterState,
  username: string,
  backendRoles: readonly string[],
): readonly string[] {
  const roles: string[] = [];
  for (const [role, mapping] of systemDocuments(world, cluster, "rolesmapping/")) {
    const users = (mapping.users ?? []) as readonly string[];
    const backends = (mapping.backend_roles ?? []) as readonly string[];
    const byUser = users.includes(username) || users.includes("*");
    if (byUser || backends.some((backend) => backendRoles.includes(backend))) roles.push(role);
  }
  return roles;
}

function principalOf(username: string, realm: Principal["realm"], roles: readonly string[]): Principal {
  return { username, realm, roles, backendRoles: [], metadata: {}, fullName: null, email: null };
}

/** A certificate that OpenSearch's `admin_dn` names may do everything, before any user exists. */
export function certificateAdmin(node: NodeProcess, subject: string | undefined): Principal | undefined {
  if (subject === undefined || node.config.engine !== "opensearch") return undefined;
  const admins = settingList(node.config.settings, "plugins.security.authcz.admin_dn") ?? [];
  const list = admins.length > 0 ? dnList(node) : [];
  return list.some((dn) => sameDn(dn, subject)) ? principalOf(subject, INTERNAL_REALM, ["all_access"]) : undefined;
}

/** Distinguished names hold commas, so a YAML list is read as it is. */
function dnList(node: NodeProcess): readonly string[] {
  const value = node.config.settings["plugins.security.authcz.admin_dn"];
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function sameDn(a: string, b: string): boolean {
  const parts = (dn: string) =>
    dn
      .split(/[,\n]/)
      .map((part) => part.trim().toLowerCase())
      .sort()
      .join();
  return parts(a) === parts(b);
}

/** The roles behind a principal's role names; names that nothing defines give nothing. */
export function rolesOf(world: EngineWorld, node: NodeProcess, principal: Principal): readonly Role[] {
  const cluster = clusterOf(world, node);
  return principal.roles.flatMap((name) => {
    const role =
      node.config.engine === "elasticsearch"
        ? findElasticRole(world, cluster, node, name)
        : findOpenSearchRole(world, cluster, name);
    return role === undefined ? [] : [role];
  });
}

function findElasticRole(
  world: EngineWorld,
  cluster: ClusterState | undefined,
  node: NodeProcess,
  name: string,
): Role | undefined {
  const builtIn = ELASTIC_BUILT_IN[name];
  if (builtIn !== undefined) return builtIn;
  const file: unknown = parse(findText(node.pod.files, "roles.yml") ?? "");
  const inFile = (file as Record<string, object> | null)?.[name];
  const source = inFile ?? (cluster === undefined ? undefined : readableDocument(world, cluster, `role-${name}`));
  if (source === undefined) return undefined;
  const role = elasticRole(name, source);
  return "unknown" in role ? undefined : role;
}

function findOpenSearchRole(world: EngineWorld, cluster: ClusterState | undefined, name: string): Role | undefined {
  const builtIn = OPENSEARCH_BUILT_IN[name];
  if (builtIn !== undefined) return builtIn;
  const source = cluster === undefined ? undefined : readableDocument(world, cluster, `roles/${name}`);
  return source === undefined ? undefined : openSearchRole(name, source);
}

/** Whether OpenSearch's security index exists; before that every request gets 503. */
export function isInitialized(cluster: ClusterState | undefined): boolean {
  return cluster?.indices[SYSTEM_INDEX.opensearch] !== undefined;
}
