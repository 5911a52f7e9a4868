import { matchesWildcard } from "../allocation/deciders.ts";

/** A role in the form that requests are checked against: patterns of action names, as both engines have them inside. */
export interface Role {
  readonly name: string;
  readonly cluster: readonly string[];
  readonly indices: readonly IndexGrant[];
}

export interface IndexGrant {
  readonly names: readonly string[];
  readonly actions: readonly string[];
  /** Also for the indices that hold users and roles. */
  readonly restricted?: boolean;
}

const ALL = ["*"];

/** Elasticsearch's named cluster privileges, as far as the modelled actions go. */
const CLUSTER_PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  all: ALL,
  monitor: ["cluster:monitor/*"],
  manage: [
    "cluster:monitor/*",
    "cluster:admin/settings/*",
    "cluster:admin/voting_config/*",
    "cluster:admin/shutdown/*",
    "cluster:admin/reroute",
    "cluster:admin/nodes/*",
    "indices:admin/template/*",
    "indices:admin/index_template/*",
  ],
  manage_security: ["cluster:admin/xpack/security/*"],
  read_security: ["cluster:admin/xpack/security/user/get", "cluster:admin/xpack/security/role/get"],
  manage_index_templates: ["indices:admin/template/*", "indices:admin/index_template/*"],
  none: [],
};

/** Elasticsearch's named index privileges. */
const INDEX_PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  all: ALL,
  read: ["indices:data/read/*"],
  write: ["indices:data/write/*", "indices:admin/auto_create"],
  index: ["indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*"],
  create: ["indices:data/write/index*", "indices:data/write/bulk*"],
  create_doc: ["indices:data/write/index*", "indices:data/write/bulk*"],
  delete: ["indices:data/write/delete*", "indices:data/write/bulk*"],
  create_index: ["indices:admin/create", "indices:admin/auto_create"],
  delete_index: ["indices:admin/delete"],
  manage: ["indices:admin/*", "indices:monitor/*"],
  monitor: ["indices:monitor/*"],
  maintenance: ["indices:admin/refresh*", "indices:admin/flush*"],
  view_index_metadata: ["indices:admin/get", "indices:admin/mappings/get*", "indices:admin/aliases/get"],
  auto_configure: ["indices:admin/auto_create"],
  none: [],
};

/** Action groups of OpenSearch's security plugin. */
const ACTION_GROUPS: Readonly<Record<string, readonly string[]>> = {
  cluster_all: ["cluster:*"],
  cluster_monitor: ["cluster:monitor/*"],
  cluster_composite_ops: ["indices:data/write/bulk", "indices:data/read/*", "indices:admin/aliases*"],
  cluster_composite_ops_ro: ["indices:data/read/*"],
  indices_all: ["indices:*"],
  indices_monitor: ["indices:monitor/*"],
  manage: ["indices:monitor/*", "indices:admin/*"],
  create_index: ["indices:admin/create", "indices:admin/auto_create"],
  crud: ["indices:data/read/*", "indices:data/write/*"],
  data_access: ["indices:data/*", "indices:data/read/*", "indices:data/write/*"],
  read: ["indices:data/read*"],
  search: ["indices:data/read/search*"],
  get: ["indices:data/read/get*"],
  write: ["indices:data/write*"],
  index: ["indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*"],
  delete: ["indices:data/write/delete*"],
  unlimited: ALL,
};

interface ElasticRoleSource {
  readonly cluster?: readonly string[];
  readonly indices?: readonly {
    readonly names?: string | readonly string[];
    readonly privileges?: readonly string[];
    readonly allow_restricted_indices?: boolean;
  }[];
}

/** Privileges that exist but open nothing that is modelled. */
const WITHOUT_EFFECT =
  /^(cancel_task|create_snapshot|cross_cluster_\w+|delegate_pki|grant_api_key|manage_\w+|monitor_\w+|post_behavioral_analytics_event|read_\w+|transport_client|write_\w+)$/;

const isKnown = (privileges: Readonly<Record<string, readonly string[]>>, name: string): boolean =>
  privileges[name] !== undefined || WITHOUT_EFFECT.test(name);

/** Compiles a role of Elasticsearch (roles.yml or the role API); the first privilege that nobody knows is returned instead. */
export function elasticRole(name: string, source: ElasticRoleSource): Role | { readonly unknown: string } {
  const cluster = source.cluster ?? [];
  const indices = source.indices ?? [];
  const isAction = (privilege: string) => /^(cluster|indices|internal):/.test(privilege);
  const unknown =
    cluster.find((privilege) => !isAction(privilege) && !isKnown(CLUSTER_PRIVILEGES, privilege)) ??
    indices
      .flatMap(({ privileges = [] }) => privileges)
      .find((privilege) => !isAction(privilege) && !isKnown(INDEX_PRIVILEGES, privilege));
  if (unknown !== undefined) return { unknown };
  return {
    name,
    cluster: cluster.flatMap((privilege) => CLUSTER_PRIVILEGES[privilege] ?? (isAction(privilege) ? privilege : [])),
    indices: indices.map(({ names = [], privileges = [], allow_restricted_indices: restricted = false }) => ({
      names: typeof names === "string" ? [names] : names,
      actions: privileges.flatMap((privilege) => INDEX_PRIVILEGES[privilege] ?? (isAction(privilege) ? privilege : [])),
      restricted,
    })),
  };
}

interface OpenSearchRoleSource {
  readonly cluster_permissions?: readonly string[];
  readonly index_permissions?: readonly {
    readonly index_patterns?: readonly string[];
    readonly allowed_actions?: readonly string[];
  }[];
}

export function openSearchRole(name: string, source: OpenSearchRoleSource): Role {
  const expand = (actions: readonly string[]) => actions.flatMap((action) => ACTION_GROUPS[action] ?? action);
  return {
    name,
    cluster: expand(source.cluster_permissions ?? []),
    indices: (source.index_permissions ?? []).map(({ index_patterns = [], allowed_actions = [] }) => ({
      names: index_patterns,
      actions: expand(allowed_actions),
    })),
  };
}

export const ELASTIC_BUILT_IN: Readonly<Record<string, Role>> = {
  superuser: { name: "superuser", cluster: ALL, indices: [{ names: ALL, actions: ALL }] },
  viewer: { name: "viewer", cluster: [], indices: [{ names: ALL, actions: ["indices:data/read/*"] }] },
  editor: { name: "editor", cluster: [], indices: [{ names: ALL, actions: ["indices:data/*", "indices:admin/*"] }] },
  monitoring_user: { name: "monitoring_user", cluster: ["cluster:monitor/main"], indices: [] },
  remote_monitoring_collector: {
    name: "remote_monitoring_collector",
    cluster: ["cluster:monitor/*"],
    indices: [{ names: ALL, actions: ["indices:monitor/*"] }],
  },
};

export const OPENSEARCH_BUILT_IN: Readonly<Record<string, Role>> = {
  all_access: { name: "all_access", cluster: ALL, indices: [{ names: ALL, actions: ALL }] },
  readall: {
    name: "readall",
    cluster: ["indices:data/read/*"],
    indices: [{ names: ALL, actions: ["indices:data/read*"] }],
  },
  readall_and_monitor: {
    name: "readall_and_monitor",
    cluster: ["cluster:monitor/*", "indices:data/read/*"],
    indices: [{ names: ALL, actions: ["indices:data/read*", "indices:monitor/*"] }],
  },
};

const RESTRICTED = /^\.(security|opendistro_security)/;

export const isSuperuser = (roles: readonly Role[]): boolean =>
  roles.some(({ name }) => name === "superuser" || name === "all_access");

/** Whether any of the roles allows an action; indices that hold the users themselves are for superusers alone. */
export function allows(roles: readonly Role[], action: string, indexNames: readonly string[] | undefined): boolean {
  const fits = (patterns: readonly string[]) => patterns.some((pattern) => matchesWildcard(action, pattern));
  if (indexNames === undefined) return roles.some((role) => fits(role.cluster));
  return indexNames.every((index) => {
    const needsMore = RESTRICTED.test(index) && !isSuperuser(roles);
    return roles.some((role) =>
      role.indices.some(
        ({ names, actions, restricted = false }) =>
          fits(actions) && (restricted || !needsMore) && names.some((pattern) => matchesWildcard(index, pattern)),
      ),
    );
  });
}
