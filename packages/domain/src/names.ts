import { type ClusterId, isId, type MachineId, suffixOf } from "./ids.ts";

/** Labels, names and annotations that Berth puts on Kubernetes objects. One place, as the adapters and loops share them. */
export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  instance: "app.kubernetes.io/instance",
  version: "app.kubernetes.io/version",
  organization: "berth.dev/organization",
  project: "berth.dev/project",
  cluster: "berth.dev/cluster",
  /** Name of the installation, on namespaces: several may share a kube. */
  environment: "berth.dev/environment",
  component: "berth.dev/component",
  size: "berth.dev/size",
  /** "true" on pods that hold data, may be master, answer clients: what anti-affinity and the client Service select. */
  holdsData: "berth.dev/data",
  masterEligible: "berth.dev/master",
  servesClients: "berth.dev/clients",
  pool: "berth.dev/pool",
  machine: "berth.dev/machine",
  zone: "topology.kubernetes.io/zone",
  region: "topology.kubernetes.io/region",
  machineType: "node.kubernetes.io/instance-type",
} as const;

export const MANAGED_BY = "berth";
export const SCHEDULING_GATE = "berth.dev/placement";
export const FIELD_MANAGER = "berth";
export const PLACER_FIELD_MANAGER = "berth-placer";
export const BOOTSTRAP_GROUP = "system:bootstrappers:berth";

/** A cluster's namespace: random by its id, so no customer can guess or choose it. */
export function namespaceOf(clusterId: ClusterId): string {
  return `cl-${suffixOf(clusterId)}`;
}

/** Whose namespace it is; undefined for one that no cluster's id makes. */
export function clusterOfNamespace(namespace: string): ClusterId | undefined {
  const id = namespace.replace(/^cl-/, "cl_");
  return isId("cluster", id) && namespaceOf(id) === namespace ? id : undefined;
}

/** A machine's node name is known before it boots: placement can name it, and only that machine may join under it. */
export function nodeNameOf(machineId: MachineId): string {
  return `mac-${suffixOf(machineId)}`;
}

/** Pod name of a component's ordinal, as the StatefulSet controller makes it. */
export function podNameOf(component: string, ordinal: number): string {
  return `${component}-${ordinal}`;
}

/** Name of the claim that the template `data` makes for a pod. */
export function claimNameOf(podName: string): string {
  return `data-${podName}`;
}
