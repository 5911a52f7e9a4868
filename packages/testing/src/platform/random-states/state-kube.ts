import { formatCpuMilli, formatMebibytes, LABELS } from "@berth/domain";
import { ANCHOR_NAME, storageClassManifest } from "@berth/kubernetes";
import type { Kubernetes, PersistentVolumeClaim, Pod, Reflection } from "@berth/ports";
import type { KubeApi } from "../../control-plane/kube-api.ts";
import { waitFor } from "../../wait-for.ts";

const DRIVER = "volumes.berth.dev";
export const STORAGE_CLASS = "random-states";
const STATE = "berth.dev/state";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface NodeToMake {
  readonly name: string;
  readonly zone: string;
  readonly machineType: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly pods: number;
  /** Attachments, as its CSINode tells them to kube-scheduler. */
  readonly volumes: number;
  readonly closed?: "cordoned" | "tainted" | "not_ready";
}

export interface ForeignPod {
  readonly name: string;
  readonly node: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/**
 * A namespace of a real control plane in which one state after the other is made and cleared. There are no kubelets: what
 * is bound stays bound and pending, which is all that placement goes by.
 */
export interface StateKube {
  readonly namespace: string;
  readonly anchorUid: string;
  /** Made ready, or closed, as it says. */
  makeNode(node: NodeToMake): Promise<void>;
  /** Bound from the start, as a daemon's pod or a static one is: kube-scheduler is not asked. */
  makeForeignPod(pod: ForeignPod): Promise<void>;
  cordon(node: string): Promise<void>;
  taint(node: string): Promise<void>;
  create(path: string, object: object): Promise<void>;
  /** Pods of ours and others, as they were last watched. */
  pods(): Pod[];
  /** At once, without the grace that a kubelet would give it, and until it is seen to be gone. */
  deletePod(pod: Pod): Promise<void>;
  /** Everything of the state. */
  clear(): Promise<void>;
}

/** Opens the namespace. The state's objects outside of it carry its name as their label. */
export async function openStateKube(api: KubeApi, watched: Reflection<Pod>, namespace: string): Promise<StateKube> {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server said.
  const must = async (method: string, path: string, body?: object, contentType?: string): Promise<any> => {
    const answer = await api.request(method, path, body, contentType);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const post = (path: string, body: object) => must("POST", path, body);
  const within = `/api/v1/namespaces/${namespace}`;
  const patchNode = (name: string, spec: object) =>
    must("PATCH", `/api/v1/nodes/${name}`, { spec }, "application/merge-patch+json");

  const pods = () => watched.items().filter((pod) => pod.metadata.namespace === namespace);

  await post("/api/v1/namespaces", { metadata: { name: namespace } });
  const anchor = await post(`${within}/configmaps`, { metadata: { name: ANCHOR_NAME } });
  await waitFor(async () => (await api.get(`${within}/serviceaccounts/default`)).status === 200, {
    timeoutMs: 60_000,
    what: `the service account of ${namespace}`,
  });

  return {
    namespace,
    anchorUid: anchor.metadata.uid,
    makeNode: async (node) => {
      const { name } = node;
      const labels = {
        [STATE]: namespace,
        [LABELS.zone]: node.zone,
        [LABELS.machineType]: node.machineType,
        "kubernetes.io/hostname": name,
      };
      const drivers = [{ name: DRIVER, nodeID: name, topologyKeys: null, allocatable: { count: node.volumes } }];
      await post("/apis/storage.k8s.io/v1/csinodes", {
        metadata: { name, labels: { [STATE]: namespace } },
        spec: { drivers },
      });
      const allocatable = {
        cpu: formatCpuMilli(node.cpuMilli),
        memory: formatMebibytes(node.memoryMib),
        pods: String(node.pods),
        "ephemeral-storage": "100Gi",
      };
      const longAgo = new Date(Date.now() - 3_600_000).toISOString();
      const status = node.closed === "not_ready" ? "False" : "True";
      const conditions = [{ type: "Ready", status, reason: "Test", message: "", lastTransitionTime: longAgo }];
      await post("/api/v1/nodes", {
        metadata: { name, labels },
        status: { capacity: allocatable, allocatable, conditions },
      });
      if (node.closed === "not_ready") return;
      // Admission taints each new node; the controller would take that back, a second later.
      await patchNode(name, { taints: [] });
      if (node.closed === "cordoned") await patchNode(name, { unschedulable: true });
      if (node.closed === "tainted") await patchNode(name, { taints: [{ key: "test", effect: "NoSchedule" }] });
    },
    makeForeignPod: async ({ name, node, cpuMilli, memoryMib }) => {
      const requests = { cpu: formatCpuMilli(cpuMilli), memory: formatMebibytes(memoryMib) };
      const containers = [{ name: "foreign", image: "none", resources: { requests } }];
      const tolerations = [{ operator: "Exists" }];
      await post(`${within}/pods`, { metadata: { name }, spec: { nodeName: node, containers, tolerations } });
    },
    cordon: (name) => patchNode(name, { unschedulable: true }),
    taint: (name) => patchNode(name, { taints: [{ key: "test", effect: "NoSchedule" }] }),
    create: (path, object) => post(path, object),
    pods,
    deletePod: async ({ metadata: { name, uid } }) => {
      await must("DELETE", `${within}/pods/${name}`, { gracePeriodSeconds: 0 });
      const isGone = () => pods().every((pod) => pod.metadata.uid !== uid);
      await waitFor(isGone, { timeoutMs: 60_000, what: `${name} to be gone` });
    },
    clear: async () => {
      await must("DELETE", `/apis/apps/v1/namespaces/${namespace}/statefulsets`, { propagationPolicy: "Orphan" });
      const noSets = async () =>
        (await must("GET", `/apis/apps/v1/namespaces/${namespace}/statefulsets`)).items.length === 0;
      await waitFor(noSets, { timeoutMs: 60_000, what: "the sets to be gone" });
      await must("DELETE", `${within}/pods`, { gracePeriodSeconds: 0 });
      await must("DELETE", `${within}/persistentvolumeclaims`, {});
      const mine = `labelSelector=${encodeURIComponent(`${STATE}=${namespace}`)}`;
      for (const path of ["/api/v1/nodes", "/apis/storage.k8s.io/v1/csinodes", "/api/v1/persistentvolumes"]) {
        await must("DELETE", `${path}?${mine}`, {});
      }
    },
  };
}

/**
 * The class that claims name, and its provisioner: a claim whose first pod kube-scheduler has a node for gets a volume in that
 * node's zone, until what this gives is stopped.
 */
export async function provisionVolumes(
  api: KubeApi,
  kubernetes: Kubernetes,
): Promise<Reflection<PersistentVolumeClaim>> {
  await kubernetes.apply(
    storageClassManifest({ name: STORAGE_CLASS, provisioner: DRIVER, reclaim: "Retain", parameters: {} }),
    "berth",
  );
  const begun = new Set<string | undefined>();
  return kubernetes.reflect("PersistentVolumeClaim", {}, ({ object: claim }) => {
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (node === undefined || claim.spec.volumeName !== undefined || begun.has(claim.metadata.uid)) return;
    begun.add(claim.metadata.uid);
    const provision = async () => {
      const { body } = await api.get(`/api/v1/nodes/${node}`);
      await api.post("/api/v1/persistentvolumes", volumeFor(claim, body.metadata.labels[LABELS.zone]));
    };
    // Whoever it fails for stays pending, and the test says so.
    provision().catch(() => begun.delete(claim.metadata.uid));
  });
}

function volumeFor(claim: PersistentVolumeClaim, zone: string): object {
  const { namespace, name, uid } = claim.metadata;
  const inZone = { key: LABELS.zone, operator: "In", values: [zone] };
  return {
    metadata: {
      name: `pvc-${uid}`,
      labels: { [STATE]: namespace },
      annotations: { "pv.kubernetes.io/provisioned-by": DRIVER },
    },
    spec: {
      capacity: claim.spec.resources?.requests,
      accessModes: ["ReadWriteOnce"],
      storageClassName: claim.spec.storageClassName,
      persistentVolumeReclaimPolicy: "Retain",
      csi: { driver: DRIVER, volumeHandle: `vol-${uid}` },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inZone] }] } },
    },
  };
}
