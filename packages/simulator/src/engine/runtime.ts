import type { SimulationClock } from "../clock.ts";
import type { PodRuntime, PodToRun } from "../pod-runtime.ts";
import type { Random } from "../random.ts";
import { reroute } from "./allocation/reroute.ts";
import { type EngineFaults, engineFaults, newFaultState } from "./faults.ts";
import { coordinate, newCoordinationTimers } from "./model/coordination.ts";
import { engineOfImage, type NodeConfig, readNodeConfig } from "./model/node-config.ts";
import { StartRefused } from "./model/settings.ts";
import {
  type ClusterState,
  clusterOf,
  type EngineWorld,
  hasMaster,
  type NodeProcess,
  newId,
  type Volume,
} from "./model/state.ts";
import { ENGINE_TIMINGS, type EngineTimings } from "./model/timings.ts";
import { dataRefusal } from "./model/versions.ts";
import { handleRequest, type RestDeps } from "./rest/handle.ts";
import { type EngineRequest, type EngineResponse, isWaiting, type Outcome } from "./rest/http.ts";
import { candidates, isInitialized } from "./security/authenticate.ts";
import { createCredentials } from "./security/credentials.ts";
import { initializeOpenSearchSecurity } from "./security/initialize-opensearch.ts";

/** Whether packets pass between two pod addresses; left out, they always do. */
export interface EngineNetwork {
  connected(from: string, to: string): boolean;
}

export interface EngineOptions {
  readonly clock: SimulationClock;
  readonly random: Random;
  readonly network?: EngineNetwork;
  readonly timings?: EngineTimings;
  /** Whether Elasticsearch nodes have `_nodes/{id}/shutdown`; off, as in the free distributions. */
  readonly nodeShutdown?: boolean;
}

/** Everything durable: what is on the claims, and what the masters committed. Plain JSON. */
export interface EngineSnapshot {
  readonly volumes: readonly Volume[];
  readonly clusters: readonly ClusterState[];
}

/** Nobody answers at an address: nothing listens there, or what listens is frozen. */
export class EngineUnreachable extends Error {
  readonly reason: "refused" | "timeout";

  constructor(address: string, reason: "refused" | "timeout") {
    super(`${address}: connection ${reason === "refused" ? "refused" : "timed out"}`);
    this.name = "EngineUnreachable";
    this.reason = reason;
  }
}

export interface PodStatusOfEngine {
  readonly state: "starting" | "running" | "failed" | "frozen";
  readonly restarts: number;
  readonly log: readonly string[];
}

export interface EngineRuntime extends PodRuntime {
  /**
   * Sends one request to a pod's address and gives the answer at once: whatever an endpoint would wait for counts as not
   * come in time, since the virtual clock stands still during a call. Throws EngineUnreachable.
   */
  call(address: string, request: EngineRequest): EngineResponse;
  /** The same before any waiting, for a skin that can wait. */
  request(address: string, request: EngineRequest): Outcome;
  /** Works out the password of a coming request without blocking. */
  prepare(address: string, request: EngineRequest): Promise<void>;
  statusOf(uid: string): PodStatusOfEngine | undefined;
  readonly faults: EngineFaults;
  /** Called with the addresses whose HTTP port opened or closed, or whose certificate may be another. */
  onChange(listener: () => void): void;
  /** Processes whose HTTP port is open, by address. */
  listening(): readonly NodeProcess[];
  /** To be called when the outside network changed. */
  networkChanged(): void;
  snapshot(): EngineSnapshot;
  /** Replaces all volumes and clusters; no process runs afterwards. */
  restore(snapshot: EngineSnapshot): void;
}

interface PodEntry {
  pod: PodToRun;
  /** As it was when its init containers copied the configuration: a restarted container reads that again. */
  readonly firstPod: PodToRun;
  process: NodeProcess | undefined;
  failed: boolean;
  restarts: number;
  cancelTimer: (() => void) | undefined;
  log: string[];
}

const LOG_LINES = 200;

/**
 * Runs pods as simulated Elasticsearch and OpenSearch nodes; an image that is neither is a process that does nothing and
 * is ready at once.
 *
 * Data lives per claim: deleting a pod keeps it, `discardClaim` forgets it, and a pod without claims loses all with itself.
 */
export function createEngineRuntime(options: EngineOptions): EngineRuntime {
  const { clock, random } = options;
  const timings = options.timings ?? ENGINE_TIMINGS;
  const pods = new Map<string, PodEntry>();
  const credentials = createCredentials();
  const faultState = newFaultState();
  const listeners: (() => void)[] = [];
  const changed = () => {
    for (const listener of listeners) listener();
  };
  let timers = newCoordinationTimers();
  let processes = 0;
  const wakes = new Map<string, { at: number; cancel: () => void }>();

  const world: EngineWorld = {
    clock,
    random,
    timings,
    nodes: new Map(),
    volumes: new Map(),
    clusters: new Map(),
    connected: (from, to) =>
      from === to || (faultState.connected(from, to) && (options.network?.connected(from, to) ?? true)),
    wakeAt: (clusterName, at) => {
      const due = wakes.get(clusterName);
      if (due !== undefined && due.at <= at) return;
      due?.cancel();
      const cancel = clock.schedule(at - clock.now(), () => {
        wakes.delete(clusterName);
        settle(clusterName);
      });
      wakes.set(clusterName, { at, cancel });
    },
    log: (node, line) => {
      if (node.log.at(-1)?.endsWith(line) === true) return;
      node.log.push(`${new Date(clock.now()).toISOString()} ${line}`);
      if (node.log.length > LOG_LINES) node.log.shift();
    },
    diskUsedPercent: (node) => faultState.diskUsedPercent.get(node.pod.podIp),
    get relocationsStall() {
      return faultState.relocationsStall;
    },
  };

  /** One look at all clusters of a name: membership first, then shards. */
  const settle = (clusterName: string): void => {
    coordinate(world, timers, clusterName);
    for (const cluster of world.clusters.values()) {
      if (cluster.name !== clusterName) continue;
      reroute(world, cluster);
      initializeOpenSearchSecurity(world, cluster);
    }
    changed();
  };
  const settleAll = (): void => {
    const names = new Set([...world.nodes.values()].map((node) => node.config.clusterName));
    for (const name of names) settle(name);
  };

  const volumeOf = (pod: PodToRun, config: NodeConfig): Volume => {
    const claim = pod.claims[0] ?? `pod/${pod.uid}`;
    const known = world.volumes.get(claim);
    if (known !== undefined) return known;
    const volume: Volume = {
      claim,
      nodeId: newId(random),
      engine: config.engine,
      version: config.version,
      clusterUuid: null,
      knownAddresses: [],
      shards: {},
    };
    world.volumes.set(claim, volume);
    return volume;
  };

  /** Starts the process of a pod; a refusal ends it, and the kubelet tries again with growing delays. */
  const startProcess = (entry: PodEntry): void => {
    const image = engineOfImage(entry.pod.image);
    if (image === undefined) return;
    try {
      const config = readNodeConfig(entry.firstPod, image);
      const volume = volumeOf(entry.pod, config);
      const holder = [...world.nodes.values()].find((node) => node.volume === volume);
      if (holder !== undefined)
        throw new StartRefused(`failed to obtain node locks: held by [${holder.config.nodeName}]`);
      const refusal = dataRefusal(config, volume);
      if (refusal !== undefined) throw new StartRefused(refusal);
      const node: NodeProcess = {
        uid: `${entry.pod.uid}#${++processes}`,
        pod: entry.pod,
        config,
        volume,
        startedAt: clock.now(),
        running: false,
        frozen: false,
        httpOpen: false,
        appliedUuid: null,
        joinDueAt: null,
        log: entry.log,
      };
      entry.process = node;
      entry.failed = false;
      world.nodes.set(node.uid, node);
      entry.cancelTimer = clock.schedule(random.integer(...timings.startMs), () => openTransport(entry, node));
    } catch (error) {
      if (!(error instanceof StartRefused)) throw error;
      entry.log.push(`${new Date(clock.now()).toISOString()} fatal: ${error.message}`);
      entry.failed = true;
      restartLater(entry);
    }
  };

  const openTransport = (entry: PodEntry, node: NodeProcess): void => {
    node.running = true;
    node.volume.version = node.config.version;
    world.log(node, "started");
    entry.cancelTimer = clock.schedule(timings.httpWithoutMasterMs, () => {
      node.httpOpen = true;
      changed();
    });
    settle(node.config.clusterName);
  };

  const restartLater = (entry: PodEntry): void => {
    const backoff = Math.min(timings.restartBackoffMs * 2 ** Math.min(entry.restarts, 10), 300_000);
    entry.restarts++;
    entry.cancelTimer = clock.schedule(backoff, () => startProcess(entry));
  };

  const endProcess = (entry: PodEntry): void => {
    entry.cancelTimer?.();
    const node = entry.process;
    entry.process = undefined;
    if (node === undefined) return;
    world.nodes.delete(node.uid);
    if (entry.pod.claims.length === 0) world.volumes.delete(node.volume.claim);
    settle(node.config.clusterName);
  };

  const nodeAt = (address: string): NodeProcess | undefined => {
    for (const node of world.nodes.values()) if (node.pod.podIp === address) return node;
    return undefined;
  };
  const entryAt = (address: string): PodEntry | undefined => {
    for (const entry of pods.values()) if (entry.pod.podIp === address) return entry;
    return undefined;
  };

  const deps: RestDeps = {
    world,
    credentials,
    nodeShutdown: (node) =>
      node.config.engine === "elasticsearch" && (faultState.nodeShutdown ?? options.nodeShutdown ?? false),
    changed: (cluster) => settle(cluster.name),
  };
  const reach = (address: string): NodeProcess => {
    const node = nodeAt(address);
    if (node === undefined || !node.httpOpen) throw new EngineUnreachable(address, "refused");
    if (node.frozen || !faultState.reachable(address)) throw new EngineUnreachable(address, "timeout");
    return node;
  };
  const request = (address: string, asked: EngineRequest): Outcome => handleRequest(deps, reach(address), asked);

  return {
    start: (pod) => {
      if (pods.has(pod.uid)) return;
      const entry: PodEntry = {
        pod,
        firstPod: pod,
        process: undefined,
        failed: false,
        restarts: 0,
        cancelTimer: undefined,
        log: [],
      };
      pods.set(pod.uid, entry);
      startProcess(entry);
    },
    refreshFiles: (uid, files) => {
      const entry = pods.get(uid);
      if (entry === undefined) return;
      entry.pod = { ...entry.pod, files };
      if (entry.process === undefined) return;
      entry.process.pod = entry.pod;
      settle(entry.process.config.clusterName);
    },
    isReady: (uid) => {
      const entry = pods.get(uid);
      if (entry === undefined) return false;
      if (engineOfImage(entry.pod.image) === undefined) return true;
      const node = entry.process;
      return node !== undefined && passesProbe(world, node);
    },
    stop: (uid) => {
      const entry = pods.get(uid);
      if (entry === undefined) return;
      pods.delete(uid);
      endProcess(entry);
    },
    discardClaim: (claim) => {
      world.volumes.delete(claim);
      forgetClustersWithoutVolumes(world);
    },
    call: (address, asked) => {
      let outcome = request(address, asked);
      while (isWaiting(outcome)) outcome = outcome.ready() ?? outcome.expired();
      return outcome;
    },
    request,
    prepare: async (address, asked) => {
      const node = nodeAt(address);
      const { auth } = asked;
      if (node === undefined || auth === undefined || !node.config.security) return;
      for (const { hash } of candidates(world, node, auth.username)) await credentials.prepare(auth.password, hash);
    },
    statusOf: (uid) => {
      const entry = pods.get(uid);
      if (entry === undefined) return undefined;
      const node = entry.process;
      const state = entry.failed ? "failed" : node?.frozen ? "frozen" : node?.running ? "running" : "starting";
      return { state, restarts: entry.restarts, log: [...entry.log] };
    },
    faults: engineFaults({
      world,
      state: faultState,
      settleAll,
      nodeAt,
      crash: (address) => {
        const entry = entryAt(address);
        if (entry?.process === undefined) return;
        endProcess(entry);
        entry.log.push(`${new Date(clock.now()).toISOString()} process killed`);
        restartLater(entry);
      },
    }),
    onChange: (listener) => void listeners.push(listener),
    listening: () => [...world.nodes.values()].filter((node) => node.httpOpen),
    networkChanged: settleAll,
    snapshot: () =>
      structuredClone({
        volumes: [...world.volumes.values()].filter(({ claim }) => !claim.startsWith("pod/")),
        clusters: [...world.clusters.values()],
      }),
    restore: (snapshot) => {
      for (const entry of pods.values()) entry.cancelTimer?.();
      for (const wake of wakes.values()) wake.cancel();
      pods.clear();
      wakes.clear();
      world.nodes.clear();
      world.volumes.clear();
      world.clusters.clear();
      timers = newCoordinationTimers();
      const { volumes, clusters } = structuredClone(snapshot);
      for (const volume of volumes) world.volumes.set(volume.claim, volume);
      // Processes are gone with their machine: nobody is a member or a master until elected and joined again.
      for (const cluster of clusters) world.clusters.set(cluster.uuid, { ...cluster, masterNodeId: null, members: {} });
      changed();
    },
  };
}

/**
 * Elasticsearch's readiness port is open while the node follows a master. OpenSearch has none: its probe asks for the
 * login, which the security plugin answers from its first initialisation on, also without a master.
 */
function passesProbe(world: EngineWorld, node: NodeProcess): boolean {
  if (!node.running || node.frozen || !node.httpOpen) return false;
  if (node.config.engine === "elasticsearch" || !node.config.security) return hasMaster(world, node);
  return isInitialized(clusterOf(world, node));
}

/** A cluster of which no volume is left can never come back. */
function forgetClustersWithoutVolumes(world: EngineWorld): void {
  const kept = new Set([...world.volumes.values()].map(({ clusterUuid }) => clusterUuid));
  for (const uuid of world.clusters.keys()) if (!kept.has(uuid)) world.clusters.delete(uuid);
}
