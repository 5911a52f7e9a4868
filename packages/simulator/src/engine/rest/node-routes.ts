import { shardBytes } from "../allocation/copies.ts";
import { type ClusterState, type EngineWorld, type NodeProcess, shardKey } from "../model/state.ts";
import { json, type RestContext } from "./http.ts";
import { filterNodes } from "./node-filter.ts";
import type { Route } from "./router.ts";

const INFO = "cluster:monitor/nodes/info";
const STATS = "cluster:monitor/nodes/stats";
const METRICS =
  /^(_all|settings|os|process|jvm|thread_pool|transport|http|plugins|ingest|indices|aggregations|fs|breaker)(,|$)/;

const info = (path: string): Route => ({
  methods: ["GET"],
  path,
  parameters: ["timeout", "flat_settings"],
  action: INFO,
  handle: (context) => {
    const { filter } = context.params;
    const nodes = filterNodes(context, filter !== undefined && METRICS.test(filter) ? undefined : filter);
    return json(envelope(context, nodes, (node) => infoOf(node)));
  },
});

const stats = (path: string): Route => ({
  methods: ["GET"],
  path,
  action: STATS,
  handle: (context) => {
    const nodes = filterNodes(context, context.params.filter);
    return json(envelope(context, nodes, (node) => statsOf(context, node)));
  },
});

export const NODE_ROUTES: readonly Route[] = [
  info("/_nodes"),
  info("/_nodes/{filter}"),
  info("/_nodes/{filter}/{metrics}"),
  stats("/_nodes/stats"),
  stats("/_nodes/stats/{metrics}"),
  stats("/_nodes/{filter}/stats"),
  stats("/_nodes/{filter}/stats/{metrics}"),
  ...["/_nodes/reload_secure_settings", "/_nodes/{filter}/reload_secure_settings"].map((path) => ({
    methods: ["POST"],
    path,
    action: "cluster:admin/nodes/reload_secure_settings",
    handle: (context: RestContext) =>
      json(envelope(context, filterNodes(context, context.params.filter), ({ config }) => ({ name: config.nodeName }))),
  })),
];

function envelope(context: RestContext, nodes: readonly NodeProcess[], describe: (node: NodeProcess) => unknown) {
  // A node that does not answer, or died with the last master, is counted as failed and left out of `nodes`.
  const answering = nodes.filter(
    (node) => !node.frozen && context.world.connected(context.node.pod.podIp, node.pod.podIp),
  );
  const failed = nodes.length - answering.length + lostMembers(context);
  return {
    _nodes: { total: answering.length + failed, successful: answering.length, failed },
    cluster_name: context.node.config.clusterName,
    nodes: Object.fromEntries(answering.map((node) => [node.volume.nodeId, describe(node)])),
  };
}

/** Members of the last applied state whose process is gone; a request that names nodes does not see them. */
function lostMembers({ world, cluster, params }: RestContext): number {
  if (cluster === undefined || params.filter !== undefined) return 0;
  return Object.values(cluster.members).filter((uid) => !world.nodes.has(uid)).length;
}

function infoOf(node: NodeProcess) {
  const { config, pod } = node;
  return {
    name: config.nodeName,
    transport_address: `${pod.podIp}:9300`,
    host: pod.podIp,
    ip: pod.podIp,
    version: config.version,
    build_type: "simulated",
    build_hash: "simulated",
    roles: config.roles,
    // Set by the engines themselves beside those that were configured.
    attributes: {
      ...config.attributes,
      [config.engine === "elasticsearch" ? "xpack.installed" : "shard_indexing_pressure_enabled"]: "true",
    },
    settings: { cluster: { name: config.clusterName }, node: { name: config.nodeName } },
    http: { publish_address: `${pod.podIp}:${config.httpPort}` },
    jvm: { mem: { heap_max_in_bytes: heapBytes(node) } },
  };
}

/** Half of the container's memory, at most 31 GiB. */
function heapBytes(node: NodeProcess): number {
  return Math.min(node.config.memoryMib / 2, 31 * 1024) * 1024 * 1024;
}

const DISK_BYTES = 100 * 1024 ** 3;

function statsOf({ world, cluster }: RestContext, node: NodeProcess) {
  const shards = shardsOn(world, cluster, node);
  const storeBytes = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const used = world.diskUsedPercent(node);
  const freeBytes =
    used === undefined ? Math.max(0, DISK_BYTES - storeBytes) : Math.round(DISK_BYTES * (1 - used / 100));
  const heap = heapBytes(node);
  return {
    timestamp: world.clock.now(),
    name: node.config.nodeName,
    transport_address: `${node.pod.podIp}:9300`,
    host: node.pod.podIp,
    ip: `${node.pod.podIp}:9300`,
    roles: node.config.roles,
    attributes: node.config.attributes,
    indices: {
      docs: { count: shards.reduce((sum, { docs }) => sum + docs, 0), deleted: 0 },
      shard_stats: { total_count: shards.length },
      store: { size_in_bytes: storeBytes, reserved_in_bytes: 0 },
    },
    os: {
      timestamp: world.clock.now(),
      cpu: { percent: 3, load_average: { "1m": 0.1 } },
      mem: { total_in_bytes: node.config.memoryMib * 1024 ** 2 },
    },
    process: {
      timestamp: world.clock.now(),
      open_file_descriptors: 300,
      max_file_descriptors: 65_535,
      cpu: { percent: 2 },
    },
    jvm: {
      timestamp: world.clock.now(),
      uptime_in_millis: world.clock.now() - node.startedAt,
      mem: { heap_used_in_bytes: Math.round(heap * 0.4), heap_used_percent: 40, heap_max_in_bytes: heap },
    },
    fs: {
      timestamp: world.clock.now(),
      total: { total_in_bytes: DISK_BYTES, free_in_bytes: freeBytes, available_in_bytes: freeBytes },
    },
  };
}

/** What a node holds of its cluster's shards: active copies with their documents and bytes. */
export function shardsOn(world: EngineWorld, cluster: ClusterState | undefined, node: NodeProcess) {
  return Object.values(cluster?.indices ?? {}).flatMap((index) =>
    index.shards.flatMap((group) => {
      const here = group.copies.some((copy) => copy.nodeId === node.volume.nodeId && copy.state !== "UNASSIGNED");
      const stored = node.volume.shards[shardKey(index, group)];
      if (!here || stored === undefined || world.nodes.get(node.uid) === undefined) return [];
      return [{ index, docs: Object.keys(stored.docs).length, bytes: shardBytes(index, stored) }];
    }),
  );
}
