import { setTimeout as pause } from "node:timers/promises";
import { type ApiClient, ApiError } from "./api-client.ts";
import type { Node } from "./objects.ts";
import { messageOf } from "./pod-context.ts";
import { wireTime } from "./pod-record.ts";

/** The machine that the node stands for. */
export interface NodeMachine {
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly allocatable: {
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly pods: number;
    /** EBS volumes that can be attached. */
    readonly volumes: number;
  };
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** `aws:///ZONE/INSTANCE_ID`; made up from the node's name when absent. */
  readonly providerId?: string;
}

/** The driver whose volumes the provisioner makes; Kubernetes counts them by it. */
export const CSI_DRIVER = "ebs.csi.aws.com";
export const ZONE_LABEL = "topology.kubernetes.io/zone";

const HEARTBEAT_MS = 2000;
const LEASE_SECONDS = 40;

/** Makes the Node, or takes over the one that is there: a machine that comes back is the same node. */
export async function registerNode(api: ApiClient, machine: NodeMachine, hostIp: string): Promise<void> {
  const { nodeName, zone } = machine;
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName,
      labels: {
        "kubernetes.io/hostname": nodeName,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        [ZONE_LABEL]: zone,
        "topology.kubernetes.io/region": zone.replace(/[a-z]$/, ""),
        "node.kubernetes.io/instance-type": machine.machineType,
        ...machine.labels,
      },
    },
    spec: { providerID: machine.providerId ?? `aws:///${zone}/i-${nodeName}`, taints: machine.taints },
  };
  try {
    await api.create("/api/v1/nodes", node);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    // Not the taints: a kubelet may not take them off its own node, and Kubernetes may have set some.
    await api.patch(`/api/v1/nodes/${nodeName}`, { metadata: { labels: node.metadata.labels } });
  }
  await registerDriver(api, machine);
  await reportReady(api, machine, hostIp);
}

/** How many volumes the machine takes: what the scheduler counts by. */
async function registerDriver(api: ApiClient, machine: NodeMachine): Promise<void> {
  const { uid } = (await api.get<Node>(`/api/v1/nodes/${machine.nodeName}`)).metadata;
  const driver = {
    name: CSI_DRIVER,
    nodeID: machine.nodeName,
    topologyKeys: [ZONE_LABEL],
    allocatable: { count: machine.allocatable.volumes },
  };
  const csiNode = {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: {
      name: machine.nodeName,
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: machine.nodeName, uid }],
    },
    spec: { drivers: [driver] },
  };
  await api.create("/apis/storage.k8s.io/v1/csinodes", csiNode).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
  });
}

async function reportReady(api: ApiClient, machine: NodeMachine, hostIp: string): Promise<void> {
  const { cpuMilli, memoryMib, pods, volumes } = machine.allocatable;
  const amounts = {
    cpu: `${cpuMilli}m`,
    memory: `${memoryMib}Mi`,
    pods: String(pods),
    "ephemeral-storage": "100Gi",
    [`attachable-volumes-csi-${CSI_DRIVER}`]: String(volumes),
  };
  const now = wireTime(new Date());
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: `process kubelet: ${reason}`,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  await api.patch(`/api/v1/nodes/${machine.nodeName}/status`, {
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        condition("Ready", "True", "KubeletReady"),
      ],
      addresses: [
        { type: "InternalIP", address: hostIp },
        { type: "Hostname", address: machine.nodeName },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        architecture: "amd64",
        operatingSystem: "linux",
        kubeletVersion: "v1.37.2-process",
        kubeProxyVersion: "",
        containerRuntimeVersion: "process://1",
        osImage: "processes of this machine",
        kernelVersion: "",
        machineID: machine.nodeName,
        systemUUID: machine.nodeName,
        bootID: machine.nodeName,
      },
    },
  });
}

/**
 * Renews the node's Lease every two seconds until the signal, and says Ready again when Kubernetes had given the node up.
 * Quicker than a kubelet (10 s), so that tests can ask for a short grace period.
 */
export async function keepAlive(
  api: ApiClient,
  machine: NodeMachine,
  hostIp: string,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await renewLease(api, machine.nodeName);
      const node = await api.get<Node>(`/api/v1/nodes/${machine.nodeName}`);
      const isReady = node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      if (!isReady && !signal.aborted) await reportReady(api, machine, hostIp);
    } catch (error) {
      if (!signal.aborted) log(`${machine.nodeName}: heartbeat: ${messageOf(error)}`);
    }
    await pause(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function renewLease(api: ApiClient, nodeName: string): Promise<void> {
  const folder = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const spec = {
    holderIdentity: nodeName,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: new Date().toISOString().replace("Z", "000Z"), // Microseconds, as the type asks.
  };
  try {
    await api.mergePatch(`${folder}/${nodeName}`, { spec });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const metadata = { name: nodeName, namespace: "kube-node-lease" };
    await api.create(folder, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  }
}
