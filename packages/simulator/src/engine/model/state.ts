import type { SimulationClock } from "../../clock.ts";
import type { PodToRun } from "../../pod-runtime.ts";
import type { Random } from "../../random.ts";
import type { EngineKind, NodeConfig } from "./node-config.ts";
import type { EngineTimings } from "./timings.ts";

export interface StoredDocument {
  readonly source: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly seqNo: number;
}

/** One copy of a shard on a disk. */
export interface ShardCopy {
  readonly allocationId: string;
  readonly indexUuid: string;
  docs: Record<string, StoredDocument>;
  nextSeqNo: number;
}

/** What is on one claim: all that a node knows again after its process or its pod is gone. Plain JSON. */
export interface Volume {
  readonly claim: string;
  nodeId: string;
  engine: EngineKind;
  version: string;
  /** The cluster that this node once joined: it will never join another, nor bootstrap again. */
  clusterUuid: string | null;
  knownAddresses: string[];
  /** `index uuid/shard number` -> copy. */
  shards: Record<string, ShardCopy>;
}

export type ShardState = "UNASSIGNED" | "INITIALIZING" | "STARTED" | "RELOCATING";

export interface UnassignedInfo {
  reason:
    | "INDEX_CREATED"
    | "CLUSTER_RECOVERED"
    | "NODE_LEFT"
    | "NODE_RESTARTING"
    | "REPLICA_ADDED"
    | "ALLOCATION_FAILED";
  at: number;
  /** Until then a replica waits for its node to come back. */
  delayedUntil: number | null;
  /** The node that held it, to which it is owed first. */
  lastNodeId: string | null;
  /** The deciders have said no for every data node. */
  refused?: boolean;
}

export interface ShardRouting {
  primary: boolean;
  state: ShardState;
  nodeId: string | null;
  /** The process that holds it: a restarted node holds nothing until it is assigned again. */
  processUid: string | null;
  allocationId: string | null;
  relocatingTo: { nodeId: string; processUid: string; allocationId: string } | null;
  unassigned: UnassignedInfo | null;
  /** When the running recovery or relocation ends. */
  dueAt: number | null;
}

export interface ShardGroup {
  readonly number: number;
  /** Allocation ids of the copies that hold every acknowledged write. */
  inSync: string[];
  copies: ShardRouting[];
  /** False until its first primary started: an unassigned primary of a new index is no loss. */
  everStarted: boolean;
}

export interface IndexMetadata {
  readonly name: string;
  readonly uuid: string;
  readonly createdAt: number;
  readonly createdVersion: string;
  settings: Record<string, unknown>;
  mappings: Record<string, unknown>;
  aliases: Record<string, unknown>;
  shards: ShardGroup[];
  /** Pretended bytes of each shard, for tests of slow moves; null: what the documents take. */
  pretendedBytes: number | null;
}

export interface ShutdownRecord {
  readonly nodeId: string;
  readonly type: "restart" | "remove" | "replace" | "sigterm";
  readonly reason: string;
  readonly allocationDelayMs: number | null;
  readonly startedAt: number;
}

/**
 * One cluster as its masters committed it. A single copy is honest, because a majority of the voting nodes is needed to
 * change it and any two majorities share a node; what decides whether it can be used is which volumes are there.
 */
export interface ClusterState {
  readonly uuid: string;
  readonly name: string;
  readonly engine: EngineKind;
  term: number;
  version: number;
  masterNodeId: string | null;
  /** node id -> uid of the process that joined. */
  members: Record<string, string>;
  /** node id -> what the cluster last knew of that node. */
  knownNodes: Record<string, { name: string; address: string }>;
  voting: string[];
  exclusions: { nodeId: string; nodeName: string }[];
  persistent: Record<string, unknown>;
  transient: Record<string, unknown>;
  indices: Record<string, IndexMetadata>;
  shutdowns: Record<string, ShutdownRecord>;
  templates: Record<string, Record<string, unknown>>;
  /** Set by an election that found nobody of the old membership alive, until shards were looked at. */
  recovering: boolean;
  /** Until then a new or wholly restarted cluster calls itself red, whatever it holds. */
  recoveredAt: number;
}

/** A process: what is lost with it. */
export interface NodeProcess {
  /** Of this process; a restart in the same pod gets another. */
  readonly uid: string;
  pod: PodToRun;
  readonly config: NodeConfig;
  readonly volume: Volume;
  readonly startedAt: number;
  /** Transport is open; before that nobody finds the node. */
  running: boolean;
  frozen: boolean;
  httpOpen: boolean;
  /** The cluster whose state this process last applied, still readable when its master is gone. */
  appliedUuid: string | null;
  joinDueAt: number | null;
  readonly log: string[];
}

/** What the engine model's parts share. Everything durable is in `volumes` and `clusters`. */
export interface EngineWorld {
  readonly clock: SimulationClock;
  readonly random: Random;
  readonly timings: EngineTimings;
  readonly nodes: Map<string, NodeProcess>;
  readonly volumes: Map<string, Volume>;
  readonly clusters: Map<string, ClusterState>;
  /** Whether packets pass between two pod addresses now. */
  connected(from: string, to: string): boolean;
  /** Looks at a cluster name again at an instant. */
  wakeAt(clusterName: string, at: number): void;
  log(node: NodeProcess, line: string): void;
  /** Percent of the node's disk in use, where a test says so. */
  diskUsedPercent(node: NodeProcess): number | undefined;
  readonly relocationsStall: boolean;
}

const ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Ids look like the engines' own: 22 characters of URL-safe base64. */
export function newId(random: Random): string {
  return Array.from({ length: 22 }, () => ID_CHARACTERS[random.integer(0, 63)]).join("");
}

export function memberProcess(world: EngineWorld, cluster: ClusterState, nodeId: string): NodeProcess | undefined {
  const uid = cluster.members[nodeId];
  return uid === undefined ? undefined : world.nodes.get(uid);
}

/** The joined processes, in order of their names. */
export function memberProcesses(world: EngineWorld, cluster: ClusterState): NodeProcess[] {
  return Object.keys(cluster.members)
    .flatMap((nodeId) => memberProcess(world, cluster, nodeId) ?? [])
    .sort((a, b) => (a.config.nodeName < b.config.nodeName ? -1 : 1));
}

export const shardKey = (index: IndexMetadata, group: ShardGroup): string => `${index.uuid}/${group.number}`;

/** The cluster whose state this process has applied: where it is, or was, a member. */
export function clusterOf(world: EngineWorld, node: NodeProcess): ClusterState | undefined {
  return node.appliedUuid === null ? undefined : world.clusters.get(node.appliedUuid);
}

/** Whether this process follows a live master: what readiness and every write ask. */
export function hasMaster(world: EngineWorld, node: NodeProcess): boolean {
  const cluster = clusterOf(world, node);
  if (cluster === undefined || cluster.masterNodeId === null) return false;
  if (cluster.members[node.volume.nodeId] !== node.uid) return false;
  const master = memberProcess(world, cluster, cluster.masterNodeId);
  return master !== undefined && world.connected(node.pod.podIp, master.pod.podIp);
}
