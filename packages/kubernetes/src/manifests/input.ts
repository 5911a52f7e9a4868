import {
  type ClusterId,
  type EngineVersion,
  holdsData,
  isMasterEligible,
  LABELS,
  MANAGED_BY,
  namespaceOf,
  type OrganizationId,
  type ProjectId,
  type Role,
} from "@berth/domain";
import type { ObjectMeta } from "@berth/ports";

/** One component as its StatefulSet needs it. The zone of an ordinal is not here: its pod gets it with the gate patch. */
export interface ManifestComponent {
  /** A DNS label: names the StatefulSet, the budget and the pods. */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly instances: number;
  /** Name of the catalogue's size, a label. */
  readonly size: string;
  readonly memoryMib: number;
  readonly cpuMilli: number;
  /** The request times the pool's ratio; never below the request. */
  readonly cpuLimitMilli: number;
  readonly storageMib: number;
}

/** Who else may open a connection, as a NetworkPolicy can name them. */
export interface NetworkPeer {
  /** Labels of the namespace; with `podLabels`, of pods in it. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly podLabels?: Readonly<Record<string, string>>;
  /** Or addresses outside the kube. */
  readonly cidr?: string;
}

/** All that the objects of one cluster are made of. Plain values: the same input gives the same objects, byte by byte. */
export interface ClusterManifestInput {
  /** Name of the installation, a label value. */
  readonly environment: string;
  readonly clusterId: ClusterId;
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
  /** Of the cluster's row: kept in the anchor, so that a kube can be read without the database. */
  readonly generation: number;
  readonly engine: EngineVersion;
  readonly components: readonly ManifestComponent[];
  /** Customers' labels, on objects' metadata only: never in a pod template, never in a selector. */
  readonly labels: Readonly<Record<string, string>>;
  readonly storageClass: string;
  /** Pod names of the first masters while the cluster has not formed; empty once it has, and never again after that. */
  readonly initialMasters: readonly string[];
  /** Addresses of master-eligible pods, sorted by the caller's order or not: they are sorted here. */
  readonly seedAddresses: readonly string[];
  readonly tls: {
    readonly caCertPem: string;
    readonly certPem: string;
    readonly keyPem: string;
  };
  /** File name -> content, of `userFilesOf`. */
  readonly userFiles: Readonly<Record<string, string>>;
  /** The worker, or its shard in this kube: reaches 9200. */
  readonly workerAccess: readonly NetworkPeer[];
  /** The gateway that customers come through: reaches 9200. */
  readonly gatewayAccess: readonly NetworkPeer[];
  /** Where snapshots go (a proxy, as a rule), on 443. */
  readonly snapshotAccess: readonly NetworkPeer[];
}

/** Labels that tell whose an object is. All of them immutable for its life. */
export function identityLabels(input: ClusterManifestInput): Record<string, string> {
  return {
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.name]: input.engine.engine,
    [LABELS.instance]: input.clusterId,
    [LABELS.organization]: input.organizationId,
    [LABELS.project]: input.projectId,
    [LABELS.cluster]: input.clusterId,
  };
}

/** Labels of a component's pods: what selectors may use. Part of the template, so nothing here ever changes. */
export function podLabels(input: ClusterManifestInput, component: ManifestComponent): Record<string, string> {
  return {
    ...identityLabels(input),
    [LABELS.component]: component.name,
    [LABELS.size]: component.size,
    ...(holdsData(component.roles) ? { [LABELS.holdsData]: "true" } : {}),
    ...(isMasterEligible(component.roles) ? { [LABELS.masterEligible]: "true" } : {}),
    ...(servesClients(component) ? { [LABELS.servesClients]: "true" } : {}),
  };
}

/** Dedicated masters answer no clients: a heavy query there would cost the whole cluster its coordination. */
export function servesClients(component: ManifestComponent): boolean {
  return component.roles.some((role) => role !== "master");
}

/** The anchor, as an owner: one foreground delete of it collects everything. */
export interface Anchor {
  readonly uid: string;
}

export const ANCHOR_NAME = "anchor";

/** Metadata of a namespaced object of the cluster: labels, customers' labels, and the anchor as owner. */
export function ownedMeta(
  input: ClusterManifestInput,
  anchor: Anchor,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): ObjectMeta {
  return {
    name,
    namespace: namespaceOf(input.clusterId),
    labels: { ...customerLabels(input.labels), ...identityLabels(input), ...labels },
    ownerReferences: [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: ANCHOR_NAME,
        uid: anchor.uid,
        controller: false,
        blockOwnerDeletion: true,
      },
    ],
  };
}

const CUSTOMER_DOMAIN = "labels.berth.dev";

/**
 * Customers' labels under a domain of ours, so that none can pass as ours or as Kubernetes' own: `team` becomes
 * `labels.berth.dev/team`, `example.com/team` becomes `example.com.labels.berth.dev/team`. No two keys meet. A prefix that
 * grows over Kubernetes' 253 characters is left out: the label stays in our database and on bills.
 */
export function customerLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const mapped: Record<string, string> = {};
  for (const key of Object.keys(labels).sort()) {
    const slash = key.indexOf("/");
    const domain = slash < 0 ? CUSTOMER_DOMAIN : `${key.slice(0, slash)}.${CUSTOMER_DOMAIN}`;
    if (domain.length <= 253) mapped[`${domain}/${key.slice(slash + 1)}`] = labels[key] ?? "";
  }
  return mapped;
}
