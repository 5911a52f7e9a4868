import type { EngineName } from "@berth/domain";
import { hash } from "bcryptjs";
import { stringify } from "yaml";

/** Name of Berth's own user in every cluster. */
export const CONTROLLER_USER = "berth";
export const CONTROLLER_ROLE = "berth_controller";

/**
 * Bcrypt, the one hash that the files of both engines take, at the lowest cost that they take. A slow hash guards passwords
 * that can be guessed; this one must have 128 bits of chance or more, and is also checked at each of Berth's logins. At the
 * engines' usual cost of 10 a worker that made 200 clusters at once spent a quarter of its time here, and stalled in it.
 */
export function hashPassword(password: string): Promise<string> {
  return hash(password, 4);
}

/**
 * The files by which an engine knows Berth's user from its first start: file realm on Elasticsearch, the seed of the
 * security index on OpenSearch. `passwordHash` is a bcrypt hash.
 *
 * The role may run the cluster and its security, and look at every index from outside (sizes, shards), but not read what is
 * in them: a stolen controller password is not yet a copy of the customer's data.
 */
export function userFilesOf(engine: EngineName, passwordHash: string): Record<string, string> {
  return engine === "elasticsearch" ? elasticsearchFiles(passwordHash) : openSearchFiles(passwordHash);
}

function elasticsearchFiles(passwordHash: string): Record<string, string> {
  return {
    users: `${CONTROLLER_USER}:${passwordHash}\n`,
    users_roles: `${CONTROLLER_ROLE}:${CONTROLLER_USER}\n`,
    "roles.yml": stringify({
      [CONTROLLER_ROLE]: {
        cluster: ["all"],
        indices: [{ names: ["*"], privileges: ["monitor", "maintenance"], allow_restricted_indices: true }],
      },
    }),
  };
}

/**
 * Read once, when the security index is made; from then on the index counts. The user is not reserved, as reserved ones can
 * be changed by nobody but a super-admin certificate, and so could never get a new password; only Berth's role reaches that API.
 */
function openSearchFiles(passwordHash: string): Record<string, string> {
  const meta = (type: string) => ({ _meta: { type, config_version: 2 } });
  return {
    "internal_users.yml": stringify({
      ...meta("internalusers"),
      [CONTROLLER_USER]: { hash: passwordHash, reserved: false, backend_roles: [], description: "Berth itself" },
    }),
    "roles.yml": stringify({
      ...meta("roles"),
      [CONTROLLER_ROLE]: {
        reserved: true,
        cluster_permissions: ["*"],
        index_permissions: [{ index_patterns: ["*"], allowed_actions: ["indices_monitor", "indices:admin/flush*"] }],
        tenant_permissions: [],
      },
    }),
    "roles_mapping.yml": stringify({
      ...meta("rolesmapping"),
      [CONTROLLER_ROLE]: { reserved: true, users: [CONTROLLER_USER], backend_roles: [], hosts: [] },
    }),
    "config.yml": stringify({
      ...meta("config"),
      config: {
        dynamic: {
          http: { anonymous_auth_enabled: false },
          authc: {
            basic_internal_auth_domain: {
              description: "Users of the security index",
              http_enabled: true,
              transport_enabled: true,
              order: 0,
              http_authenticator: { type: "basic", challenge: true },
              authentication_backend: { type: "intern" },
            },
          },
        },
      },
    }),
    "action_groups.yml": stringify(meta("actiongroups")),
    "tenants.yml": stringify(meta("tenants")),
    "nodes_dn.yml": stringify(meta("nodesdn")),
    "allowlist.yml": stringify({ ...meta("allowlist"), config: { enabled: false, requests: {} } }),
    "whitelist.yml": stringify({ ...meta("whitelist"), config: { enabled: false, requests: {} } }),
    "audit.yml": stringify({ ...meta("audit"), config: { enabled: false } }),
  };
}
