import { shardBytes, storedCopy } from "../allocation/copies.ts";
import { countShards, healthBody } from "../allocation/health.ts";
import {
  type ClusterState,
  type IndexMetadata,
  memberProcesses,
  type ShardGroup,
  type ShardRouting,
} from "../model/state.ts";
import { flag, illegalArgument, json, type RestContext } from "./http.ts";
import { resolveIndices } from "./indices.ts";
import { shardsOn } from "./node-routes.ts";
import type { Route } from "./router.ts";

type Cell = string | null;
type Row = Readonly<Record<string, Cell>>;

interface Table {
  /** Columns shown unless `h` names others. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

const CAT_PARAMETERS = [
  ...["h", "s", "v", "bytes", "time", "help", "local", "master_timeout", "cluster_manager_timeout", "timeout"],
  ...["expand_wildcards", "full_id", "include_unloaded_segments", "health", "pri", "ignore_unavailable"],
];

const cat = (
  paths: readonly string[],
  action: string,
  build: (context: RestContext, cluster: ClusterState) => Table,
): Route[] =>
  paths.map((path) => ({
    methods: ["GET"],
    path,
    action,
    master: "read",
    parameters: CAT_PARAMETERS,
    handle: (context) => {
      if (context.cluster === undefined) throw illegalArgument("no cluster state");
      return render(context, build(context, context.cluster));
    },
  }));

export const CAT_ROUTES: readonly Route[] = [
  ...cat(["/_cat/shards", "/_cat/shards/{index}"], "cluster:monitor/state", shardTable),
  ...cat(["/_cat/indices", "/_cat/indices/{index}"], "cluster:monitor/state", indexTable),
  ...cat(["/_cat/nodes"], "cluster:monitor/state", nodeTable),
  ...cat(["/_cat/allocation", "/_cat/allocation/{node}"], "cluster:monitor/state", allocationTable),
  ...cat(["/_cat/health"], "cluster:monitor/health", healthTable),
  ...cat(["/_cat/master", "/_cat/cluster_manager"], "cluster:monitor/state", masterTable),
];

/** JSON with `format=json`, else aligned text; `h` chooses columns (with `*`), `s` sorts, `v` adds the header. */
function render({ query }: RestContext, table: Table) {
  const all = [...new Set([...table.columns, ...table.rows.flatMap(Object.keys)])];
  const columns =
    query.h === undefined
      ? table.columns
      : query.h.split(",").flatMap((name) => (name === "*" ? all : all.filter((column) => column === name)));
  const rows = query.s === undefined ? table.rows : sorted(table.rows, query.s.split(","));
  const picked = rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  if (query.format === "json") return json(picked);
  const lines = picked.map((row) => columns.map((column) => row[column] ?? ""));
  if (flag(query, "v", false)) lines.unshift([...columns]);
  const widths = columns.map((_column, position) => Math.max(0, ...lines.map((line) => line[position]?.length ?? 0)));
  const text = lines
    .map((line) => line.map((cell, position) => cell.padEnd(widths[position] ?? 0)).join(" "))
    .join("\n");
  return {
    status: 200,
    body: text === "" ? "" : `${text}\n`,
    headers: { "content-type": "text/plain; charset=UTF-8" },
  };
}

function sorted(rows: readonly Row[], keys: readonly string[]): readonly Row[] {
  return [...rows].sort((a, b) => {
    for (const key of keys) {
      const [name = "", order] = key.split(":");
      const difference = (a[name] ?? "").localeCompare(b[name] ?? "", "en", { numeric: true });
      if (difference !== 0) return order === "desc" ? -difference : difference;
    }
    return 0;
  });
}

/** `bytes=b` gives plain numbers, otherwise `1.2kb`. */
function size(bytes: number, query: Readonly<Record<string, string>>): string {
  if (query.bytes === "b") return String(bytes);
  const units = ["b", "kb", "mb", "gb", "tb"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Math.floor(value * 10) / 10}${units[unit]}`;
}

/** One row a copy; a moving one names both ends in its node column, `n1 -> 127.0.0.1 <id> n3`. */
function shardTable(context: RestContext, cluster: ClusterState): Table {
  const indices = resolveIndices(cluster, context.params.index, { ...context.query, expand_wildcards: "all" });
  const rows = indices.flatMap((index) =>
    index.shards.flatMap((group) =>
      [...group.copies]
        .sort((a, b) => Number(b.primary) - Number(a.primary))
        .map((copy) => shardRow(context, cluster, index, group, copy)),
    ),
  );
  const dataset = cluster.engine === "elasticsearch" ? ["dataset"] : [];
  return { columns: ["index", "shard", "prirep", "state", "docs", "store", ...dataset, "ip", "node"], rows };
}

function shardRow(
  context: RestContext,
  cluster: ClusterState,
  index: IndexMetadata,
  group: ShardGroup,
  copy: ShardRouting,
): Row {
  const { world, query } = context;
  const known = copy.nodeId === null ? undefined : cluster.knownNodes[copy.nodeId];
  const target = copy.relocatingTo === null ? undefined : cluster.knownNodes[copy.relocatingTo.nodeId];
  const moving = target === undefined ? "" : ` -> ${target.address} ${copy.relocatingTo?.nodeId} ${target.name}`;
  const stored =
    copy.state === "STARTED" || copy.state === "RELOCATING"
      ? storedCopy(world, cluster, index, group, copy)
      : undefined;
  const unassigned = copy.state === "UNASSIGNED" ? copy.unassigned : null;
  return {
    index: index.name,
    shard: String(group.number),
    prirep: copy.primary ? "p" : "r",
    state: copy.state,
    docs: stored === undefined ? null : String(Object.keys(stored.docs).length),
    store: stored === undefined ? null : size(shardBytes(index, stored), query),
    dataset: stored === undefined ? null : size(shardBytes(index, stored), query),
    ip: known?.address ?? null,
    id: copy.nodeId,
    node: known === undefined ? null : `${known.name}${moving}`,
    "unassigned.reason": unassigned?.reason ?? null,
    "unassigned.at": unassigned === null ? null : new Date(unassigned.at).toISOString(),
    "unassigned.for": unassigned === null ? null : `${Math.floor((world.clock.now() - unassigned.at) / 1000)}s`,
    "unassigned.details": null,
  };
}

function indexTable(context: RestContext, cluster: ClusterState): Table {
  const { world, query, params } = context;
  const rows = resolveIndices(cluster, params.index, query).map((index) => {
    const primaries = index.shards.map((group) =>
      storedCopy(
        world,
        cluster,
        index,
        group,
        group.copies.find((copy) => copy.primary),
      ),
    );
    const all = index.shards.flatMap((group) =>
      group.copies.map((copy) => storedCopy(world, cluster, index, group, copy)),
    );
    const bytes = (copies: typeof all) =>
      copies.reduce((sum, copy) => sum + (copy === undefined ? 0 : shardBytes(index, copy)), 0);
    return {
      health: countShards([index], world.clock.now()).status,
      status: "open",
      index: index.name,
      uuid: index.uuid,
      pri: String(index.shards.length),
      rep: String((index.shards[0]?.copies.length ?? 1) - 1),
      "docs.count": String(primaries.reduce((sum, copy) => sum + Object.keys(copy?.docs ?? {}).length, 0)),
      "docs.deleted": "0",
      "store.size": size(bytes(all), query),
      "pri.store.size": size(bytes(primaries), query),
    };
  });
  const columns = [
    "health",
    "status",
    "index",
    "uuid",
    "pri",
    "rep",
    "docs.count",
    "docs.deleted",
    "store.size",
    "pri.store.size",
  ];
  return { columns, rows };
}

const ROLE_LETTERS: readonly (readonly [role: string, letter: string])[] = [
  ["data_cold", "c"],
  ["data", "d"],
  ["data_frozen", "f"],
  ["data_hot", "h"],
  ["ingest", "i"],
  ["ml", "l"],
  ["master", "m"],
  ["cluster_manager", "m"],
  ["remote_cluster_client", "r"],
  ["data_content", "s"],
  ["transform", "t"],
  ["data_warm", "w"],
];

function nodeTable({ world }: RestContext, cluster: ClusterState): Table {
  const word = cluster.engine === "opensearch" ? "cluster_manager" : "master";
  const rows = memberProcesses(world, cluster).map((node) => ({
    ip: node.pod.podIp,
    "heap.percent": "40",
    "ram.percent": "60",
    cpu: "3",
    load_1m: "0.10",
    load_5m: "0.10",
    load_15m: "0.10",
    "node.role":
      ROLE_LETTERS.filter(([role]) => node.config.roles.includes(role))
        .map(([, letter]) => letter)
        .join("") || "-",
    ...(cluster.engine === "opensearch" ? { "node.roles": node.config.roles.join(",") || "-" } : {}),
    [word]: node.volume.nodeId === cluster.masterNodeId ? "*" : "-",
    name: node.config.nodeName,
    id: node.volume.nodeId,
    version: node.config.version,
  }));
  return {
    columns: ["ip", "heap.percent", "ram.percent", "cpu", "load_1m", "load_5m", "load_15m", "node.role", word, "name"],
    rows,
  };
}

function allocationTable(context: RestContext, cluster: ClusterState): Table {
  const { world, query, params } = context;
  const nodes = memberProcesses(world, cluster).filter(({ config }) => config.holdsData);
  const wanted = nodes.filter(({ config }) => params.node === undefined || config.nodeName === params.node);
  const rows: Row[] = wanted.map((node) => {
    const shards = shardsOn(world, cluster, node);
    return {
      shards: String(shards.length),
      "disk.indices": size(
        shards.reduce((sum, { bytes }) => sum + bytes, 0),
        query,
      ),
      "disk.percent": String(world.diskUsedPercent(node) ?? 1),
      host: node.pod.podIp,
      ip: node.pod.podIp,
      node: node.config.nodeName,
    };
  });
  const left = countShards(Object.values(cluster.indices), world.clock.now()).unassigned;
  if (left > 0)
    rows.push({
      shards: String(left),
      "disk.indices": null,
      "disk.percent": null,
      host: null,
      ip: null,
      node: "UNASSIGNED",
    });
  return { columns: ["shards", "disk.indices", "disk.percent", "host", "ip", "node"], rows };
}

function healthTable({ world }: RestContext, cluster: ClusterState): Table {
  const body = healthBody(world, cluster, Object.values(cluster.indices));
  const row = {
    epoch: String(Math.floor(world.clock.now() / 1000)),
    cluster: body.cluster_name,
    status: body.status,
    "node.total": String(body.number_of_nodes),
    "node.data": String(body.number_of_data_nodes),
    shards: String(body.active_shards),
    pri: String(body.active_primary_shards),
    relo: String(body.relocating_shards),
    init: String(body.initializing_shards),
    unassign: String(body.unassigned_shards),
  };
  return { columns: Object.keys(row), rows: [row] };
}

function masterTable(_context: RestContext, cluster: ClusterState): Table {
  const known = cluster.knownNodes[cluster.masterNodeId ?? ""];
  const row = {
    id: cluster.masterNodeId,
    host: known?.address ?? null,
    ip: known?.address ?? null,
    node: known?.name ?? null,
  };
  return { columns: Object.keys(row), rows: [row] };
}
