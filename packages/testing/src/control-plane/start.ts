import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { type RunningProcess, startProcess } from "../processes/start-process.ts";
import { waitFor } from "../wait-for.ts";
import { installBootstrapRoles } from "./bootstrap-roles.ts";
import { buildControlPlane } from "./build.ts";
import { issue } from "./certificates.ts";
import { COMPONENTS, type ComponentName, type ComponentSettings, flagsOf, type Ports } from "./components.ts";
import { type Identities, prepareIdentities } from "./identities.ts";
import { type KubeApi, kubeApi } from "./kube-api.ts";
import { kubeconfigYaml } from "./kubeconfig.ts";

export interface ControlPlaneOptions {
  /** Holds etcd's files, certificates, logs and ports. Start again on it and it is the same control plane. */
  readonly dataDir: string;
  readonly onProgress?: (line: string) => void;
  /** After how long without a heartbeat a node is not ready; 40 s, Kubernetes' own, when absent. Tests of dead nodes say 8 s. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** False writes through to the disk: only for tests that crash the machine. */
  readonly unsafeNoFsync?: boolean;
}

export interface ControlPlane {
  readonly apiServerUrl: string;
  readonly caCertPem: string;
  /** A kubeconfig that may do everything, with all inline. */
  readonly adminKubeconfig: string;
  /** A kubeconfig of anybody else: what they may is a matter of RBAC. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** A plain client that may do everything; closed by stop(). */
  readonly api: KubeApi;
  /** One component, to take it away and bring it back. */
  component(name: ComponentName): Component;
  /** Ends all in order. The data folder stays. */
  stop(): Promise<void>;
  /** Ends all as a crash would. */
  kill(): Promise<void>;
}

export interface Component {
  readonly pid: number;
  readonly logFile: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Starts it again and waits until it serves. */
  start(): Promise<void>;
}

const READY_TIMEOUT_MS = 120_000;
/** The API server waits for open watches before it ends; nobody needs that here. */
const STOP_GRACE_MS = 5000;

/**
 * Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler on free ports of loopback and waits until a pod
 * could be created: the API server ready, its bootstrap roles there, the controllers running, the default service account
 * made. Builds them first when need be (build.ts).
 *
 * Refuses with the end of a component's log when that component ends or does not get ready.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { dataDir } = options;
  const tell = options.onProgress ?? (() => undefined);
  const binary = await buildControlPlane({ onProgress: tell });
  const startedAt = performance.now();
  mkdirSync(join(dataDir, "run"), { recursive: true });
  refuseSecondOwner(dataDir);

  const ports = await storedPorts(join(dataDir, "ports.json"));
  const apiServerUrl = `https://127.0.0.1:${ports.apiServer}`;
  const identities = await prepareIdentities(join(dataDir, "pki"), apiServerUrl);
  const caCertPem = identities.authority.certPem;
  const settings: ComponentSettings = {
    dataDir,
    ports,
    identities,
    unsafeNoFsync: options.unsafeNoFsync ?? true,
    nodeMonitorGracePeriodMs: options.nodeMonitorGracePeriodMs,
  };
  const api = kubeApi(apiServerUrl, caCertPem, identities.admin);

  const running = new Map<ComponentName, RunningProcess>();
  const start = async (name: ComponentName): Promise<void> => {
    const args = [name, ...flagsOf(name, settings)];
    const logFile = join(dataDir, `${name}.log`);
    const component = await startProcess({ name, command: binary, args, logFile, cwd: join(dataDir, "run") });
    running.set(name, component);
    recordPids(dataDir, running);
    await component.ready(() => isServing(name, { api, identities, ports }), {
      timeoutMs: READY_TIMEOUT_MS,
      what: `${name} to serve`,
    });
    tell(`control plane: ${name} serves after ${Math.round(performance.now() - startedAt)} ms`);
  };
  const endAll = async (end: (component: RunningProcess) => Promise<void>): Promise<void> => {
    await api.close();
    for (const name of [...COMPONENTS].reverse()) {
      const component = running.get(name);
      if (component !== undefined) await end(component);
    }
    rmSync(pidsFile(dataDir), { force: true });
  };
  const kill = () => endAll((component) => component.kill());

  try {
    await start("etcd");
    await start("kube-apiserver");
    await Promise.all([start("kube-controller-manager"), start("kube-scheduler"), installBootstrapRoles(api)]);
    await waitFor(async () => (await api.get("/api/v1/namespaces/default/serviceaccounts/default")).status === 200, {
      timeoutMs: READY_TIMEOUT_MS,
      what: "the default service account",
    });
  } catch (error) {
    await kill();
    throw error;
  }
  tell(`control plane: ready after ${Math.round(performance.now() - startedAt)} ms`);

  const component = (name: ComponentName): Component => {
    const now = running.get(name) as RunningProcess;
    const { pid, logFile, kill } = now;
    return { pid, logFile, stop: () => now.stop(STOP_GRACE_MS), kill, start: () => start(name) };
  };
  return {
    apiServerUrl,
    caCertPem,
    adminKubeconfig: kubeconfigYaml(apiServerUrl, caCertPem, "kubernetes-admin", identities.admin),
    kubeconfigFor: async (user, organizations = []) => {
      const identity = await issue(identities.authority, { commonName: user, organizations });
      return kubeconfigYaml(apiServerUrl, caCertPem, user, identity);
    },
    api,
    component,
    stop: () => endAll((component) => component.stop(STOP_GRACE_MS)),
    kill,
  };
}

async function isServing(name: ComponentName, { api, identities, ports }: Served): Promise<boolean> {
  switch (name) {
    case "etcd":
      return (await fetch(`http://127.0.0.1:${ports.etcdClient}/health`)).ok;
    case "kube-apiserver":
      return (await api.get("/readyz")).status === 200;
    case "kube-controller-manager":
      return isHealthy(ports.controllerManager, "/healthz", identities);
    case "kube-scheduler":
      return isHealthy(ports.scheduler, "/readyz", identities); // Healthy it is before it knows any node.
  }
}

interface Served {
  readonly api: KubeApi;
  readonly identities: Identities;
  readonly ports: Ports;
}

async function isHealthy(port: number, path: string, identities: Identities): Promise<boolean> {
  const anonymous = kubeApi(`https://127.0.0.1:${port}`, identities.authority.certPem, {});
  try {
    return (await anonymous.get(path)).status === 200;
  } finally {
    await anonymous.close();
  }
}

/** The ports of the first start: kubeconfigs that were given out hold the API server's. */
async function storedPorts(path: string): Promise<Ports> {
  if (!existsSync(path)) {
    const ports: Ports = {
      etcdClient: await freePort(),
      etcdPeer: await freePort(),
      apiServer: await freePort(),
      controllerManager: await freePort(),
      scheduler: await freePort(),
    };
    writeFileSync(path, JSON.stringify(ports));
  }
  return JSON.parse(readFileSync(path, "utf8")) as Ports;
}

const pidsFile = (dataDir: string): string => join(dataDir, "pids.json");

function recordPids(dataDir: string, running: ReadonlyMap<ComponentName, RunningProcess>): void {
  const pids = Object.fromEntries([...running].map(([name, component]) => [name, component.pid]));
  writeFileSync(pidsFile(dataDir), JSON.stringify(pids));
}

/** Two control planes on one folder would take each other's ports and store. */
function refuseSecondOwner(dataDir: string): void {
  if (!existsSync(pidsFile(dataDir))) return;
  const pids = JSON.parse(readFileSync(pidsFile(dataDir), "utf8")) as Record<string, number>;
  for (const [name, pid] of Object.entries(pids)) {
    if (commandLineOf(pid).includes(dataDir))
      throw new Error(`${dataDir} is in use: its ${name} runs as process ${pid}`);
  }
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // Ended.
  }
}
