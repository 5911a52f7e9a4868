import { type ClusterState, type IndexMetadata, memberProcesses } from "../model/state.ts";
import { illegalArgument, json, type RestContext } from "./http.ts";
import { resolveIndices } from "./indices.ts";
import type { Route } from "./router.ts";
import { nest } from "./settings-routes.ts";

export const STATE_ROUTES: readonly Route[] = [
  "/_cluster/state",
  "/_cluster/state/{metrics}",
  "/_cluster/state/{metrics}/{index}",
].map((path) => ({
  methods: ["GET"],
  path,
  action: "cluster:monitor/state",
  master: "read" as const,
  parameters: [
    ...["local", "master_timeout", "cluster_manager_timeout", "flat_settings", "wait_for_metadata_version"],
    ...["wait_for_timeout", "ignore_unavailable", "allow_no_indices", "expand_wildcards"],
  ],
  handle: (context: RestContext) => json(stateBody(context)),
}));

function stateBody(context: RestContext) {
  const { world, cluster, params } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const metrics = new Set((params.metrics ?? "_all").split(","));
  const wants = (metric: string) => metrics.has("_all") || metrics.has(metric);
  const indices = resolveIndices(cluster, params.index, { ...context.query, expand_wildcards: "all" });
  const members = memberProcesses(world, cluster);
  return {
    cluster_name: cluster.name,
    cluster_uuid: cluster.uuid,
    ...(wants("version") ? { version: cluster.version, state_uuid: `${cluster.uuid}-${cluster.version}` } : {}),
    ...(wants("master_node") ? { master_node: cluster.masterNodeId } : {}),
    ...(wants("blocks") ? { blocks: {} } : {}),
    ...(wants("nodes")
      ? {
          nodes: Object.fromEntries(
            members.map((node) => [
              node.volume.nodeId,
              {
                name: node.config.nodeName,
                ephemeral_id: node.uid,
                transport_address: `${node.pod.podIp}:9300`,
                attributes: node.config.attributes,
                roles: node.config.roles,
                version: node.config.version,
              },
            ]),
          ),
        }
      : {}),
    ...(wants("metadata") ? { metadata: metadataBody(cluster, indices) } : {}),
    ...(wants("routing_table") ? { routing_table: { indices: routingBody(indices) } } : {}),
  };
}

function metadataBody(cluster: ClusterState, indices: readonly IndexMetadata[]) {
  return {
    cluster_uuid: cluster.uuid,
    cluster_uuid_committed: true,
    cluster_coordination: {
      term: cluster.term,
      last_committed_config: cluster.voting,
      last_accepted_config: cluster.voting,
      voting_config_exclusions: cluster.exclusions.map(({ nodeId, nodeName }) => ({
        node_id: nodeId,
        node_name: nodeName,
      })),
    },
    templates: {},
    indices: Object.fromEntries(
      indices.map((index) => [
        index.name,
        {
          state: "open",
          settings: nest(index.settings),
          mappings: index.mappings,
          aliases: Object.keys(index.aliases),
          in_sync_allocations: Object.fromEntries(index.shards.map((group) => [group.number, group.inSync])),
        },
      ]),
    ),
  };
}

function routingBody(indices: readonly IndexMetadata[]) {
  return Object.fromEntries(
    indices.map((index) => [
      index.name,
      {
        shards: Object.fromEntries(
          index.shards.map((group) => [
            group.number,
            group.copies.map((copy) => ({
              state: copy.state,
              primary: copy.primary,
              node: copy.nodeId,
              relocating_node: copy.relocatingTo?.nodeId ?? null,
              shard: group.number,
              index: index.name,
            })),
          ]),
        ),
      },
    ]),
  );
}
