import {
  type ClusterState,
  type EngineWorld,
  type IndexMetadata,
  memberProcesses,
  type NodeProcess,
  type ShardGroup,
  type ShardRouting,
} from "../model/state.ts";
import { isOlder } from "../model/versions.ts";
import { clusterSetting, clusterSettingsUnder } from "./cluster-settings.ts";

/** One question to the deciders: may this copy be on that node? */
export interface Question {
  readonly world: EngineWorld;
  readonly cluster: ClusterState;
  readonly index: IndexMetadata;
  readonly group: ShardGroup;
  readonly copy: ShardRouting;
  readonly node: NodeProcess;
}

export interface Ruling {
  readonly decider: string;
  readonly decision: "YES" | "NO" | "THROTTLE";
  readonly explanation: string;
}

type Decider = (question: Question) => string | undefined;

/** Refusals by name; the words follow the engines' own closely enough to be recognised. */
const REFUSALS: readonly (readonly [name: string, refuse: Decider])[] = [
  ["same_shard", sameShard],
  ["filter", filterRefusal],
  ["enable", enableRefusal],
  ["data_tier", dataTier],
  ["node_version", nodeVersion],
  ["node_shutdown", nodeShutdown],
  ["awareness", awareness],
  ["shards_limit", shardsLimit],
  ["disk_threshold", (question) => diskAbove(question, "low", 85)],
];

/** What speaks against a copy staying where it is. */
const EVICTIONS: readonly (readonly [name: string, refuse: Decider])[] = [
  ["filter", filterRefusal],
  ["node_shutdown", nodeShutdown],
  ["disk_threshold", (question) => diskAbove(question, "high", 90)],
];

export function canAllocate(question: Question): boolean {
  return REFUSALS.every(([, refuse]) => refuse(question) === undefined);
}

export function canRemain(question: Question): boolean {
  return EVICTIONS.every(([, refuse]) => refuse(question) === undefined);
}

/** All refusals for one node, as allocation explain lists them; empty where the node would do. */
export function refusalsOf(question: Question, remaining = false): readonly Ruling[] {
  return (remaining ? EVICTIONS : REFUSALS).flatMap(([decider, refuse]) => {
    const explanation = refuse(question);
    return explanation === undefined ? [] : [{ decider, decision: "NO" as const, explanation }];
  });
}

/** A full queue is no refusal: the copy gets its turn. Two recoveries in and two out a node, as by default. */
export function isThrottled(world: EngineWorld, cluster: ClusterState, nodes: readonly (string | null)[]): boolean {
  const limit = Number(clusterSetting(world, cluster, "cluster.routing.allocation.node_concurrent_recoveries") ?? 2);
  return nodes.some((nodeId) => nodeId !== null && busyRecoveries(cluster, nodeId) >= limit);
}

function busyRecoveries(cluster: ClusterState, nodeId: string): number {
  let busy = 0;
  for (const index of Object.values(cluster.indices)) {
    for (const group of index.shards) {
      for (const copy of group.copies) {
        if (copy.state === "INITIALIZING" && !copy.primary && copy.nodeId === nodeId) busy++;
        if (copy.relocatingTo !== null && (copy.nodeId === nodeId || copy.relocatingTo.nodeId === nodeId)) busy++;
      }
    }
  }
  return busy;
}

function sameShard({ group, copy, node }: Question): string | undefined {
  const nodeId = node.volume.nodeId;
  const taken = group.copies.some(
    (other) => other !== copy && (other.nodeId === nodeId || other.relocatingTo?.nodeId === nodeId),
  );
  return taken || copy.nodeId === nodeId ? "a copy of this shard is already allocated to this node" : undefined;
}

function filterRefusal({ cluster, index, node }: Question): string | undefined {
  for (const [scope, filters] of [
    ["cluster", (kind: string) => clusterSettingsUnder(cluster, `cluster.routing.allocation.${kind}.`)],
    ["index", (kind: string) => indexFilters(index, kind)],
  ] as const) {
    for (const kind of ["exclude", "include", "require"] as const) {
      const entries = Object.entries(filters(kind)).filter(
        ([name, value]) => value !== "" && name !== "_tier_preference",
      );
      if (entries.length === 0) continue;
      const hits = entries.filter(([name, value]) => matchesNode(node, name, value));
      const refused =
        kind === "exclude" ? hits.length > 0 : kind === "include" ? hits.length === 0 : hits.length < entries.length;
      if (!refused) continue;
      const text = entries.map(([name, value]) => `${name}:"${value}"`).join(" OR ");
      const verb = kind === "exclude" ? "matches" : "does not match";
      return `node ${verb} ${scope} setting [${scope}.routing.allocation.${kind}] filters [${text}]`;
    }
  }
  return undefined;
}

function indexFilters(index: IndexMetadata, kind: string): Readonly<Record<string, string>> {
  const prefix = `index.routing.allocation.${kind}.`;
  const entries = Object.entries(index.settings).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

function matchesNode(node: NodeProcess, attribute: string, patterns: string): boolean {
  const known: Readonly<Record<string, string>> = {
    _name: node.config.nodeName,
    _id: node.volume.nodeId,
    _ip: node.pod.podIp,
    _host: node.pod.podIp,
    _host_ip: node.pod.podIp,
    _publish_ip: node.pod.podIp,
  };
  const value = known[attribute] ?? node.config.attributes[attribute];
  return value !== undefined && patterns.split(",").some((pattern) => matchesWildcard(value, pattern.trim()));
}

export function matchesWildcard(value: string, pattern: string): boolean {
  if (!pattern.includes("*")) return value === pattern;
  const source = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`).test(value);
}

function enableRefusal({ world, cluster, index, group, copy }: Question): string | undefined {
  const name = "cluster.routing.allocation.enable";
  const allowed = String(
    index.settings["index.routing.allocation.enable"] ?? clusterSetting(world, cluster, name) ?? "all",
  ).toLowerCase();
  const passes =
    allowed === "all" ||
    (allowed === "primaries" && copy.primary) ||
    (allowed === "new_primaries" && copy.primary && !group.everStarted);
  return passes
    ? undefined
    : `${copy.primary ? "primary" : "replica"} allocations are forbidden due to cluster setting [${name}=${allowed}]`;
}

/** Elasticsearch since 7.10: each index prefers tiers, `data_content` unless told otherwise; OpenSearch has none. */
function dataTier({ world, cluster, index, node }: Question): string | undefined {
  if (cluster.engine !== "elasticsearch") return undefined;
  const preference = String(index.settings["index.routing.allocation.include._tier_preference"] ?? "");
  if (preference === "") return undefined;
  const inTier = (candidate: NodeProcess, tier: string) =>
    candidate.config.roles.includes("data") || candidate.config.roles.includes(tier);
  const members = memberProcesses(world, cluster);
  const tier = preference.split(",").find((name) => members.some((member) => inTier(member, name)));
  if (tier === undefined) {
    return `index has a preference for tiers [${preference}], but no nodes for any of those tiers are available in the cluster`;
  }
  return inTier(node, tier)
    ? undefined
    : `index has a preference for tiers [${preference}] and node does not meet the required [${tier}] tier`;
}

function nodeVersion({ world, cluster, group, copy, node }: Question): string | undefined {
  const primary = group.copies.find((other) => other.primary);
  const sourceId = copy.nodeId ?? (copy.primary ? null : (primary?.nodeId ?? null));
  const source = sourceId === null ? undefined : world.nodes.get(cluster.members[sourceId] ?? "");
  if (source === undefined || !isOlder(node.config.version, source.config.version)) return undefined;
  return `cannot allocate replica shard to a node with version [${node.config.version}] since this is older than the primary version [${source.config.version}]`;
}

function nodeShutdown({ cluster, node }: Question): string | undefined {
  const record = cluster.shutdowns[node.volume.nodeId];
  if (record === undefined || record.type === "restart") return undefined;
  return `node [${node.volume.nodeId}] is preparing to be removed from the cluster`;
}

function awareness({ world, cluster, group, copy, node }: Question): string | undefined {
  const names = clusterSetting(world, cluster, "cluster.routing.allocation.awareness.attributes");
  for (const name of names?.split(",").filter((part) => part !== "") ?? []) {
    const value = node.config.attributes[name];
    if (value === undefined) return `node does not contain the awareness attribute [${name}]`;
    const members = memberProcesses(world, cluster).filter((member) => member.config.holdsData);
    const values = new Set(members.map((member) => member.config.attributes[name]));
    const most = Math.ceil(group.copies.length / values.size);
    const zoneOf = (nodeId: string | null) =>
      members.find((member) => member.volume.nodeId === nodeId)?.config.attributes[name];
    const others = group.copies.filter((other) => other !== copy);
    const there = others.filter((other) => zoneOf(other.relocatingTo?.nodeId ?? other.nodeId) === value).length;
    if (there + 1 > most) {
      return `there are [${group.copies.length}] copies of this shard and [${values.size}] values for attribute [${name}] so there may be at most [${most}] copies of this shard allocated to nodes with each value, but (including this copy) there would be [${there + 1}] copies allocated to nodes with [node.attr.${name}: ${value}]`;
    }
  }
  return undefined;
}

function shardsLimit({ index, copy, node }: Question): string | undefined {
  const limit = Number(index.settings["index.routing.allocation.total_shards_per_node"] ?? -1);
  if (limit <= 0) return undefined;
  const nodeId = node.volume.nodeId;
  const copies = index.shards.flatMap((group) => group.copies).filter((other) => other !== copy);
  const there = copies.filter((other) => other.nodeId === nodeId || other.relocatingTo?.nodeId === nodeId).length;
  return there < limit
    ? undefined
    : `too many shards [${there}] allocated to this node for index [${index.name}], index setting [index.routing.allocation.total_shards_per_node=${limit}]`;
}

function diskAbove({ world, cluster, node }: Question, mark: "low" | "high", fallback: number): string | undefined {
  if (clusterSetting(world, cluster, "cluster.routing.allocation.disk.threshold_enabled") === "false") return undefined;
  const used = world.diskUsedPercent(node);
  if (used === undefined) return undefined;
  const setting = clusterSetting(world, cluster, `cluster.routing.allocation.disk.watermark.${mark}`);
  const limit = setting?.endsWith("%") === true ? Number(setting.slice(0, -1)) : fallback;
  return used < limit
    ? undefined
    : `the node is above the ${mark} watermark cluster setting [cluster.routing.allocation.disk.watermark.${mark}=${limit}%], having less than the minimum required free space, actual used: [${used}%]`;
}
