import { type Engine, type EngineTarget, isPortError, PortError } from "@berth/ports";
import {
  anyAnswer,
  healthAnswer,
  identityAnswer,
  nodesAnswer,
  shardOf,
  shardsAnswer,
  votingAnswer,
} from "./answers.ts";
import { securityCallsOf } from "./security.ts";
import { createTransport, type TransportOptions } from "./transport.ts";

export type EngineOptions = Partial<TransportOptions>;

const DEFAULTS: TransportOptions = {
  readTimeoutMs: 30_000,
  mutateTimeoutMs: 180_000,
  connectTimeoutMs: 3000,
  maxAnswerBytes: 64 * 1024 * 1024,
  port: 9200,
  maxPools: 500,
};

const NODE_FIELDS = "_nodes,nodes.*.name,nodes.*.ip,nodes.*.version,nodes.*.roles,nodes.*.attributes";

/** Elasticsearch 8 and 9 and OpenSearch 2 and 3 behind one port: plain REST, every answer checked against a schema. */
export function createEngine(options: EngineOptions = {}): Engine {
  const transport = createTransport({ ...DEFAULTS, ...options });
  const read = transport.call;

  return {
    identity: async (target) => {
      const answer = await read(target, { method: "GET", path: "/", answer: identityAnswer });
      return {
        nodeName: answer.name,
        clusterName: answer.cluster_name,
        clusterUuid: answer.cluster_uuid === "_na_" || answer.cluster_uuid === "" ? undefined : answer.cluster_uuid,
        version: answer.version.number,
      };
    },
    health: async (target) => {
      const answer = await read(target, {
        method: "GET",
        path: "/_cluster/health?timeout=5s",
        answer: healthAnswer,
        alsoOk: [408],
      });
      return {
        status: answer.status,
        timedOut: answer.timed_out,
        nodes: answer.number_of_nodes,
        dataNodes: answer.number_of_data_nodes,
        activeShards: answer.active_shards,
        relocatingShards: answer.relocating_shards,
        initializingShards: answer.initializing_shards,
        unassignedShards: answer.unassigned_shards,
      };
    },
    nodes: async (target) => {
      const answer = await read(target, {
        method: "GET",
        path: `/_nodes?timeout=10s&filter_path=${NODE_FIELDS}`,
        answer: nodesAnswer,
      });
      if (answer._nodes.failed > 0) {
        throw new PortError("unavailable", `_nodes: ${answer._nodes.failed} of ${answer._nodes.total} did not answer`);
      }
      return Object.entries(answer.nodes).map(([nodeId, node]) => ({
        nodeId,
        name: node.name,
        address: node.ip,
        version: node.version,
        roles: node.roles,
        attributes: node.attributes,
      }));
    },
    shards: async (target) => {
      const rows = await read(target, {
        method: "GET",
        path: "/_cat/shards?format=json&h=index,shard,prirep,state,node",
        answer: shardsAnswer,
      });
      return rows.map(shardOf);
    },
    votingConfiguration: async (target) => {
      const answer = await read(target, {
        method: "GET",
        path: "/_cluster/state/metadata?filter_path=metadata.cluster_coordination",
        answer: votingAnswer,
      });
      return answer.metadata.cluster_coordination.last_committed_config;
    },
    addVotingExclusion: async (target, nodeName) => {
      const path = `/_cluster/voting_config_exclusions?node_names=${encodeURIComponent(nodeName)}&timeout=60s`;
      await transport.call(target, { method: "POST", path, answer: anyAnswer });
    },
    clearVotingExclusions: async (target) => {
      // Without the flag it waits for the excluded nodes to leave, and fails with 500 while one lives.
      const path = "/_cluster/voting_config_exclusions?wait_for_removal=false";
      await transport.call(target, { method: "DELETE", path, answer: anyAnswer });
    },
    putCustomerRoles: async (target) => {
      for (const call of securityCallsOf(target).roles) await transport.call(target, call);
    },
    putUser: async (target, user) => {
      await transport.call(target, securityCallsOf(target).putUser(user));
    },
    deleteUser: (target, username) => deleteUser(transport, target, username),
    close: () => transport.close(),
  };
}

async function deleteUser(
  transport: ReturnType<typeof createTransport>,
  target: EngineTarget,
  username: string,
): Promise<boolean> {
  try {
    await transport.call(target, securityCallsOf(target).deleteUser(username));
    return true;
  } catch (error) {
    if (isPortError(error, "not_found")) return false;
    throw error;
  }
}
