import { isReservedUsername } from "@berth/domain";
import { type EngineTarget, type EngineUser, PortError } from "@berth/ports";
import { anyAnswer } from "./answers.ts";
import type { EngineCall } from "./transport.ts";

/** Names of the roles that customers' users have. */
export const CUSTOMER_ROLES = {
  customer_admin: "berth_customer_admin",
  customer_read: "berth_customer_read",
} as const satisfies Readonly<Record<EngineUser["role"], string>>;

/** Calls for roles and users of one security flavour. What differs between the engines is here alone. */
export interface SecurityCalls {
  readonly roles: readonly EngineCall<unknown>[];
  putUser(user: EngineUser): EngineCall<unknown>;
  deleteUser(username: string): EngineCall<unknown>;
}

/** Throws PortError invalid for an engine without security: there are no users to have. */
export function securityCallsOf(target: EngineTarget): SecurityCalls {
  switch (target.capabilities.securityFlavour) {
    case "x-pack":
      return X_PACK;
    case "opensearch-security":
      return OPENSEARCH_SECURITY;
    case "none":
      throw new PortError("invalid", "this engine runs without security: it has no users");
  }
}

const put = (path: string, body: unknown): EngineCall<unknown> => ({ method: "PUT", path, body, answer: anyAnswer });
const remove = (path: string): EngineCall<unknown> => ({ method: "DELETE", path, answer: anyAnswer });

/**
 * Elasticsearch. The admin has all of every index and what belongs to it (templates, pipelines, policies, own API keys),
 * but none of the cluster privileges that hold cluster settings, reroute, voting exclusions or shutdown records (`manage`,
 * `all`), and not `manage_security`, with which anybody could give themselves the rest.
 */
const X_PACK: SecurityCalls = {
  roles: [
    put(`/_security/role/${CUSTOMER_ROLES.customer_admin}`, {
      cluster: [
        "monitor",
        "manage_index_templates",
        "manage_ilm",
        "manage_ingest_pipelines",
        "manage_enrich",
        "manage_transform",
        "manage_own_api_key",
      ],
      indices: [{ names: ["*"], privileges: ["all"], allow_restricted_indices: false }],
    }),
    put(`/_security/role/${CUSTOMER_ROLES.customer_read}`, {
      // Clients ask for the version first, dashboards for the health.
      cluster: ["cluster:monitor/main", "cluster:monitor/health"],
      indices: [{ names: ["*"], privileges: ["read", "view_index_metadata"], allow_restricted_indices: false }],
    }),
  ],
  putUser: (user) =>
    put(`/_security/user/${userName(user.username)}`, {
      password: user.password,
      roles: [CUSTOMER_ROLES[user.role]],
      enabled: true,
    }),
  deleteUser: (username) => remove(`/_security/user/${userName(username)}`),
};

/** OpenSearch: the same line drawn in action names and the security plugin's action groups. */
const OPENSEARCH_SECURITY: SecurityCalls = {
  roles: [
    put(`/_plugins/_security/api/roles/${CUSTOMER_ROLES.customer_admin}`, {
      cluster_permissions: [
        "cluster_composite_ops",
        "cluster_monitor",
        "indices:admin/template/*",
        "indices:admin/index_template/*",
        "cluster:admin/component_template/*",
        "cluster:admin/ingest/pipeline/*",
        "cluster:admin/search/pipeline/*",
        "indices:data/write/reindex",
        "indices:data/read/scroll/clear",
      ],
      index_permissions: [{ index_patterns: ["*"], allowed_actions: ["indices_all"] }],
      tenant_permissions: [],
    }),
    put(`/_plugins/_security/api/roles/${CUSTOMER_ROLES.customer_read}`, {
      cluster_permissions: [
        "cluster_composite_ops_ro",
        "cluster:monitor/main",
        "cluster:monitor/health",
        "indices:data/read/scroll/clear",
      ],
      index_permissions: [{ index_patterns: ["*"], allowed_actions: ["read", "indices:admin/mappings/get"] }],
      tenant_permissions: [],
    }),
  ],
  putUser: (user) =>
    put(`/_plugins/_security/api/internalusers/${userName(user.username)}`, {
      password: user.password,
      opendistro_security_roles: [CUSTOMER_ROLES[user.role]],
      backend_roles: [],
      attributes: {},
    }),
  deleteUser: (username) => remove(`/_plugins/_security/api/internalusers/${userName(username)}`),
};

/** The name as part of a path. Refuses what would leave that path or touch an account that is not a customer's. */
function userName(username: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(username) || isReservedUsername(username)) {
    throw new PortError("invalid", "user names have 1 to 63 letters, digits, dots, dashes; some are reserved");
  }
  return encodeURIComponent(username);
}
