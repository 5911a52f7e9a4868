/**
 * A kubelet that runs pods as processes of this machine: engines are real, addresses are loopback's, volumes are folders.
 *
 * It joins what Berth does through the real API server with what a real engine does about it. What it is, and what it is
 * not, is in README.md beside this file. After a crash of ours nothing runs on: guardian.ts ends what we started.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { addressPool, hostAddress } from "./addresses.ts";
import { apiClient, type Connection } from "./api-client.ts";
import { claimFolder } from "./claim-folder.ts";
import { connectionOf, type Join, joinKube } from "./connect.ts";
import type { RunningContainer } from "./container.ts";
import { podEvents } from "./events.ts";
import { filesCache } from "./files-cache.ts";
import { follow } from "./follow.ts";
import { pullImage } from "./image.ts";
import { keepAlive, type NodeMachine, registerNode } from "./node.ts";
import type { Pod } from "./objects.ts";
import type { Ending, NodeContext } from "./pod-context.ts";
import { type PodRun, runPod } from "./pod-run.ts";

export interface ProcessKubeletOptions extends NodeMachine {
  /** An administrator's, with everything inline. Either this or `join`. */
  readonly kubeconfig?: string;
  /** By a bootstrap token; somebody else approves. */
  readonly join?: Join;
  /** How long to wait for the approval; 10 min unless told. */
  readonly joinTimeoutMs?: number;
  /** First three numbers of the addresses of this node's pods, in 127/8; no two nodes may share them. */
  readonly podAddressPrefix: string;
  /** Logs, emptyDirs and mounted files of pods. Claims lie with the volume provisioner. */
  readonly dataDir: string;
  /** Between the second and third start of a container that crashes; 2 s unless told (a kubelet takes 10 s). */
  readonly restartBackoffMs?: number;
  readonly onLog?: (line: string) => void;
}

/** A container that runs now. */
export interface PodProcess {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of its first process. */
  readonly pid: number;
  readonly podIp: string;
  readonly restartCount: number;
  /** What the container wrote. */
  readonly logFile: string;
}

export interface ProcessKubelet {
  readonly nodeName: string;
  /** Ends all processes in order (SIGTERM, grace, SIGKILL; no hooks) and the kubelet. Its objects stay. */
  stop(): Promise<void>;
  /** The machine is gone: all processes at once, no word to the API server any more. */
  kill(): Promise<void>;
  /** Kills the first process of each of the pod's containers, as a crash would. The pod's restart policy goes on from there. */
  killPod(namespace: string, name: string): void;
  /** All processes of the pod stand still. Connections are still taken by the kernel, answers do not come. */
  freezePod(namespace: string, name: string): void;
  thawPod(namespace: string, name: string): void;
  /** Empties the folder behind a claim under whoever has it open, as a lost disk. */
  loseVolume(namespace: string, claim: string): Promise<void>;
  processes(): PodProcess[];
}

const JOIN_TIMEOUT_MS = 10 * 60_000;
const RESTART_BACKOFF_MS = 2000;

/**
 * Starts a node. Resolves once it is registered and Ready; with `join` that is after somebody approved its request.
 *
 * Refuses when it is not root (pods have other users, and mounts of their own), when no approval comes in time, and when
 * the API server refuses the node.
 */
export async function startProcessKubelet(options: ProcessKubeletOptions): Promise<ProcessKubelet> {
  if (process.getuid?.() !== 0) throw new Error("the process kubelet mounts and changes users: it needs root");
  const { nodeName, podAddressPrefix } = options;
  const log = (line: string) => options.onLog?.(`${nodeName}: ${line}`);
  const api = apiClient(await connect(options));
  const hostIp = hostAddress(podAddressPrefix);
  const over = new AbortController();
  mkdirSync(options.dataDir, { recursive: true });
  await registerNode(api, options, hostIp);
  log("registered");

  const files = filesCache(api, log);
  const node: NodeContext = {
    api,
    files,
    events: podEvents(api, nodeName, over.signal, log),
    addresses: addressPool(podAddressPrefix),
    hostIp,
    dataDir: options.dataDir,
    restartBackoffMs: options.restartBackoffMs ?? RESTART_BACKOFF_MS,
    signal: over.signal,
    pullImage: (reference) => pullImage(reference, log),
    log,
  };
  const runs = podRuns(node);
  const background = [
    keepAlive(api, options, hostIp, over.signal, log),
    follow<Pod>(
      api,
      "/api/v1/pods",
      { fieldSelector: `spec.nodeName=${nodeName}` },
      { onPresent: runs.update, onGone: runs.abandon, onTrouble: log },
      over.signal,
    ),
  ];

  const end = async (how: Ending): Promise<void> => {
    over.abort();
    await runs.endAll(how);
    files.close();
    await Promise.all(background);
    api.close();
  };
  const each = (namespace: string, name: string, act: (running: RunningContainer) => void): void => {
    const found = runs.all().find(({ pod }) => isNamed(pod(), namespace, name));
    if (found === undefined) throw new Error(`${nodeName} runs no pod ${namespace}/${name}`);
    for (const { run } of found.containers.values()) {
      const running = run.running();
      if (running !== undefined) act(running);
    }
  };

  return {
    nodeName,
    stop: () => end("node stops"),
    kill: () => end("node dies"),
    killPod: (namespace, name) => each(namespace, name, (running) => running.kill()),
    freezePod: (namespace, name) => each(namespace, name, (running) => running.freeze()),
    thawPod: (namespace, name) => each(namespace, name, (running) => running.thaw()),
    loseVolume: async (namespace, claim) => {
      const folder = await claimFolder(api, namespace, claim);
      emptyFolder(folder);
    },
    processes: () => runs.all().flatMap(processesOf),
  };
}

function connect(options: ProcessKubeletOptions): Connection | Promise<Connection> {
  if (options.kubeconfig !== undefined) return connectionOf(options.kubeconfig);
  if (options.join === undefined) throw new Error("a kubelet needs a kubeconfig or a token to join by");
  return joinKube(options.join, options.nodeName, options.joinTimeoutMs ?? JOIN_TIMEOUT_MS);
}

/** The pods of a node by uid: a StatefulSet's next pod has the name of the last one. */
function podRuns(node: NodeContext) {
  const runs = new Map<string, PodRun>();
  /** Of pods whose object went for good: a late event must not start them again. */
  const finished = new Set<string>();

  const start = (pod: Pod): void => {
    const { namespace = "", name, uid } = pod.metadata;
    const before = [...runs.values()].filter((run) => isNamed(run.pod(), namespace, name));
    const run = runPod(
      node,
      pod,
      Promise.all(before.map((one) => one.ended)).then(() => undefined),
    );
    runs.set(uid, run);
    void run.ended.then(() => {
      runs.delete(uid);
      finished.add(uid);
    });
  };

  return {
    all: () => [...runs.values()],
    update: (pod: Pod) => {
      if (node.signal.aborted) return;
      const run = runs.get(pod.metadata.uid);
      if (run !== undefined) run.update(pod);
      else if (!finished.has(pod.metadata.uid)) start(pod);
    },
    abandon: (pod: Pod) => runs.get(pod.metadata.uid)?.end("gone"),
    endAll: async (how: Ending) => {
      const all = [...runs.values()];
      for (const run of all) run.end(how);
      await Promise.all(all.map((run) => run.ended));
    },
  };
}

function processesOf(run: PodRun): PodProcess[] {
  const { namespace = "", name } = run.pod().metadata;
  const processes: PodProcess[] = [];
  for (const [container, { run: one, restartCount }] of run.containers) {
    const running = one.running();
    if (running === undefined) continue;
    const { pid, logFile } = running;
    processes.push({ namespace, pod: name, container, pid, podIp: run.podIp, restartCount: restartCount(), logFile });
  }
  return processes;
}

const isNamed = (pod: Pod, namespace: string, name: string): boolean =>
  pod.metadata.namespace === namespace && pod.metadata.name === name;

function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
