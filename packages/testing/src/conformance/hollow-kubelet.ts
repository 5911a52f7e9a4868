import type { KubeApi } from "../control-plane/kube-api.ts";
import { waitFor } from "../wait-for.ts";
import { serveHollowMetrics } from "./hollow-metrics.ts";
import type { NodeToAdd } from "./kubernetes/index.ts";

/**
 * Nodes without machines for a real control plane: pods bound to them are said to run and to be ready, and are let go when
 * they are deleted, and are said to use something; claims that wait for their first consumer get a volume in the node's zone, and volumes of reclaim Delete
 * go when they are released. No process runs.
 *
 * Enough for what the API server, the controllers and the scheduler decide. Engines that must be real run on the process
 * kubelet. Speaks to the API server by itself, not through the adapter under test.
 */
export interface HollowKubelet {
  addNode(node: NodeToAdd): Promise<void>;
  close(): Promise<void>;
}

const HEARTBEAT_MS = 5000;
const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export async function startHollowKubelet(api: KubeApi, provisioner: string): Promise<HollowKubelet> {
  const metrics = await serveHollowMetrics(api);
  const nodes = new Map<string, NodeToAdd>();
  const problems: unknown[] = [];
  let closed = false;
  let lastAddress = 0;

  const now = (): string => new Date().toISOString();
  const beat = async (name: string): Promise<void> => {
    const time = now();
    const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "", lastHeartbeatTime: time };
    await api.patch("strategic", `/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } });
  };

  const runPods = async (): Promise<void> => {
    const { body } = await api.get("/api/v1/pods");
    for (const pod of body.items) {
      const { namespace, name, uid, deletionTimestamp } = pod.metadata;
      if (!nodes.has(pod.spec.nodeName)) continue;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      if (deletionTimestamp !== undefined) {
        await api.delete(path, { gracePeriodSeconds: 0, preconditions: { uid } });
      } else if (pod.status.phase === "Pending") {
        await api.patch("strategic", `${path}/status`, {
          metadata: { uid },
          status: runningStatus(pod, ++lastAddress),
        });
      }
    }
  };

  const provision = async (): Promise<void> => {
    const { body } = await api.get("/api/v1/persistentvolumeclaims");
    for (const claim of body.items) {
      const node = nodes.get(claim.metadata.annotations?.[SELECTED_NODE]);
      if (node === undefined || claim.spec.volumeName !== undefined) continue;
      await api.post("/api/v1/persistentvolumes", volumeFor(claim, node, provisioner));
    }
  };

  const reclaim = async (): Promise<void> => {
    const { body } = await api.get("/api/v1/persistentvolumes");
    for (const { metadata, spec, status } of body.items) {
      if (status.phase !== "Released" || spec.persistentVolumeReclaimPolicy !== "Delete") continue;
      await api.delete(`/api/v1/persistentvolumes/${metadata.name}`, { preconditions: { uid: metadata.uid } });
    }
  };

  const loop = async (run: () => Promise<void>, everyMs: number): Promise<void> => {
    while (!closed) {
      await run().catch((error: unknown) => problems.push(error));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const loops = Promise.all([
    loop(runPods, 100),
    loop(provision, 100),
    loop(reclaim, 100),
    loop(metrics.measure, 500),
    loop(async () => {
      for (const name of nodes.keys()) await beat(name);
    }, HEARTBEAT_MS),
  ]);

  return {
    addNode: async (node) => {
      const capacity = { cpu: node.cpu, memory: node.memory, pods: "110" };
      const labels = { "kubernetes.io/hostname": node.name, "topology.kubernetes.io/zone": node.zone };
      const made = await api.post("/api/v1/nodes", { metadata: { name: node.name, labels } });
      if (made.status !== 201) throw new Error(`node ${node.name}: ${JSON.stringify(made.body)}`);
      await api.patch("strategic", `/api/v1/nodes/${node.name}/status`, {
        status: { capacity, allocatable: capacity },
      });
      nodes.set(node.name, node);
      await beat(node.name);
      const untainted = async (): Promise<boolean> =>
        ((await api.get(`/api/v1/nodes/${node.name}`)).body.spec.taints ?? []).length === 0;
      await waitFor(untainted, { timeoutMs: 20_000, what: `node ${node.name} to be open` });
    },
    close: async () => {
      closed = true;
      await loops;
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a pod as the API server sent it.
function runningStatus(pod: any, address: number): Record<string, unknown> {
  const podIP = `127.77.${address >> 8}.${address & 255}`;
  const time = new Date().toISOString();
  const conditions = ["Initialized", "Ready", "ContainersReady"].map((type) => ({
    type,
    status: "True",
    lastTransitionTime: time,
  }));
  return {
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: time,
    conditions,
    containerStatuses: pod.spec.containers.map((container: { name: string; image: string }) => ({
      name: container.name,
      image: container.image,
      imageID: "none",
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: time } },
    })),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a claim as the API server sent it.
function volumeFor(claim: any, node: NodeToAdd, provisioner: string): Record<string, unknown> {
  const { namespace, name, uid } = claim.metadata;
  const inZone = { key: "topology.kubernetes.io/zone", operator: "In", values: [node.zone] };
  return {
    metadata: { name: `pvc-${uid}`, annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
    spec: {
      capacity: { storage: claim.spec.resources.requests.storage },
      accessModes: claim.spec.accessModes,
      storageClassName: claim.spec.storageClassName,
      persistentVolumeReclaimPolicy: "Retain",
      csi: { driver: provisioner, volumeHandle: `vol-${uid}` },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inZone] }] } },
    },
  };
}
