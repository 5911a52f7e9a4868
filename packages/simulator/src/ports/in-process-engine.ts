import {
  type Engine,
  type EngineShard,
  type EngineTarget,
  type EngineUser,
  PortError,
  type PortErrorKind,
} from "@berth/ports";
import type { EngineRequest, EngineResponse } from "../engine/rest/http.ts";
import { type EngineRuntime, EngineUnreachable } from "../engine/runtime.ts";

const KINDS: Readonly<Record<number, PortErrorKind>> = {
  401: "denied",
  403: "denied",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  429: "throttled",
};

type Body = Readonly<Record<string, unknown>>;

const ROLE_NAMES = { customer_admin: "berth_customer_admin", customer_read: "berth_customer_read" } as const;

/** The engine port straight on the runtime, for the virtual clock. Calls take no time: what would be waited for has not come. */
export function inProcessEngine(runtime: EngineRuntime): Engine {
  /** Any address will do: one that does not answer leads to the next. */
  const call = (
    target: EngineTarget,
    method: string,
    path: string,
    body?: unknown,
    alsoOk?: number,
  ): EngineResponse => {
    const [pathname = "/", query = ""] = path.split("?");
    const request: EngineRequest = {
      method,
      path: pathname,
      query: Object.fromEntries(new URLSearchParams(query)),
      auth: { username: target.username, password: target.password },
      ...(body === undefined ? {} : { body }),
    };
    let last: PortError | undefined;
    for (const address of target.addresses) {
      try {
        const response = runtime.call(address, request);
        if ((response.status >= 200 && response.status < 300) || response.status === alsoOk) return response;
        last = refusal(response, `${method} ${path}`);
      } catch (error) {
        if (!(error instanceof EngineUnreachable)) throw error;
        last = new PortError("unavailable", error.message, { cause: error });
      }
      if (last.kind !== "unavailable") break;
    }
    throw last ?? new PortError("unavailable", `${method} ${path}: the cluster has no address yet`);
  };
  const read = <T = Body>(target: EngineTarget, path: string, alsoOk?: number): T =>
    call(target, "GET", path, undefined, alsoOk).body as T;

  return {
    identity: async (target) => {
      const body = read<{ name: string; cluster_name: string; cluster_uuid: string; version: { number: string } }>(
        target,
        "/",
      );
      return {
        nodeName: body.name,
        clusterName: body.cluster_name,
        clusterUuid: body.cluster_uuid === "_na_" ? undefined : body.cluster_uuid,
        version: body.version.number,
      };
    },
    health: async (target) => {
      const body = read(target, "/_cluster/health?timeout=5s", 408);
      return {
        status: body.status as "green" | "yellow" | "red",
        timedOut: body.timed_out === true,
        nodes: Number(body.number_of_nodes),
        dataNodes: Number(body.number_of_data_nodes),
        activeShards: Number(body.active_shards),
        relocatingShards: Number(body.relocating_shards),
        initializingShards: Number(body.initializing_shards),
        unassignedShards: Number(body.unassigned_shards),
      };
    },
    nodes: async (target) => {
      type Node = { name: string; ip: string; version: string; roles: string[]; attributes: Record<string, string> };
      const body = read<{ _nodes: { failed: number }; nodes: Record<string, Node> }>(target, "/_nodes");
      if (body._nodes.failed > 0) throw new PortError("unavailable", `_nodes: ${body._nodes.failed} did not answer`);
      return Object.entries(body.nodes).map(([nodeId, { name, ip, version, roles, attributes }]) => ({
        nodeId,
        name,
        address: ip,
        version,
        roles,
        attributes,
      }));
    },
    shards: async (target) =>
      read<ShardRow[]>(target, "/_cat/shards?format=json&h=index,shard,prirep,state,node").map(shardOf),
    votingConfiguration: async (target) => {
      type State = { metadata: { cluster_coordination: { last_committed_config?: string[] } } };
      const body = read<State>(target, "/_cluster/state/metadata?filter_path=metadata.cluster_coordination");
      return body.metadata.cluster_coordination.last_committed_config ?? [];
    },
    addVotingExclusion: async (target, nodeName) => {
      call(target, "POST", `/_cluster/voting_config_exclusions?node_names=${encodeURIComponent(nodeName)}`);
    },
    clearVotingExclusions: async (target) => {
      call(target, "DELETE", "/_cluster/voting_config_exclusions?wait_for_removal=false");
    },
    putCustomerRoles: async (target) => {
      for (const { path, body } of customerRoles(target)) call(target, "PUT", path, body);
    },
    putUser: async (target, user) => {
      const { path, body } = userCall(target, user);
      call(target, "PUT", path, body);
    },
    deleteUser: async (target, username) => {
      try {
        call(target, "DELETE", `${usersPath(target)}/${encodeURIComponent(username)}`);
        return true;
      } catch (error) {
        if (error instanceof PortError && error.kind === "not_found") return false;
        throw error;
      }
    },
    close: async () => {},
  };
}

interface ShardRow {
  readonly index: string;
  readonly shard: string;
  readonly prirep: string;
  readonly state: string;
  readonly node: string | null;
}

function shardOf(row: ShardRow): EngineShard {
  const [from, to] = row.node?.split(" -> ") ?? [];
  return {
    index: row.index,
    shard: Number(row.shard),
    primary: row.prirep === "p",
    state: row.state,
    node: from,
    relocatingTo: to?.split(" ").at(-1),
  };
}

function refusal({ status, body }: EngineResponse, action: string): PortError {
  const kind = KINDS[status] ?? (status >= 400 && status < 500 ? "invalid" : "unavailable");
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new PortError(kind, `${action}: ${status} ${text.slice(0, 300)}`, { cause: { code: status } });
}

const isOpenSearch = (target: EngineTarget): boolean => target.capabilities.securityFlavour === "opensearch-security";

function customerRoles(target: EngineTarget): readonly { readonly path: string; readonly body: unknown }[] {
  if (isOpenSearch(target)) {
    const role = (name: string, cluster: string[], actions: string[]) => ({
      path: `/_plugins/_security/api/roles/${name}`,
      body: { cluster_permissions: cluster, index_permissions: [{ index_patterns: ["*"], allowed_actions: actions }] },
    });
    return [
      role(ROLE_NAMES.customer_admin, ["cluster_composite_ops", "cluster_monitor"], ["indices_all"]),
      role(ROLE_NAMES.customer_read, ["cluster_composite_ops_ro", "cluster:monitor/main"], ["read"]),
    ];
  }
  const role = (name: string, cluster: string[], privileges: string[]) => ({
    path: `/_security/role/${name}`,
    body: { cluster, indices: [{ names: ["*"], privileges }] },
  });
  return [
    role(ROLE_NAMES.customer_admin, ["monitor", "manage_index_templates"], ["all"]),
    role(ROLE_NAMES.customer_read, ["cluster:monitor/main"], ["read", "view_index_metadata"]),
  ];
}

function usersPath(target: EngineTarget): string {
  return isOpenSearch(target) ? "/_plugins/_security/api/internalusers" : "/_security/user";
}

function userCall(target: EngineTarget, { username, password, role }: EngineUser) {
  const path = `${usersPath(target)}/${encodeURIComponent(username)}`;
  const roles = [ROLE_NAMES[role]];
  return { path, body: isOpenSearch(target) ? { password, opendistro_security_roles: roles } : { password, roles } };
}
