import { createHash } from "node:crypto";
import type { ClusterRecord } from "@berth/db";
import type { ClusterHealth } from "@berth/domain";
import { findEngineVersion } from "@berth/domain";
import {
  anchorManifest,
  type ClusterManifestInput,
  type NetworkPeer,
  namespaceManifest,
  ownedManifests,
} from "@berth/kubernetes";
import type { KubernetesObject } from "@berth/ports";
import type { ClusterMaterial } from "./material.ts";

/** The installation, as its clusters' objects name it: who may reach their ports, and who made their namespaces. */
export interface Installation {
  readonly environment: string;
  readonly worker: readonly NetworkPeer[];
  readonly gateway: readonly NetworkPeer[];
  readonly snapshots: readonly NetworkPeer[];
}

export interface ClusterObjects {
  readonly namespace: KubernetesObject;
  readonly anchor: KubernetesObject;
  readonly owned: (anchorUid: string) => readonly KubernetesObject[];
}

/** The objects of a cluster as they should be now. Pure. */
export function clusterObjects(
  cluster: ClusterRecord,
  material: ClusterMaterial,
  health: ClusterHealth,
  installation: Installation,
  seedAddresses: readonly string[],
): ClusterObjects {
  const input = manifestInput(cluster, material, installation, seedAddresses);
  return {
    namespace: namespaceManifest(input),
    anchor: anchorManifest(input),
    owned: (anchorUid) => ownedManifests(input, { uid: anchorUid }, health),
  };
}

/** Hash of all of them, without seed addresses, which change with every pod and are applied on their own. */
export function objectsHash(
  cluster: ClusterRecord,
  material: ClusterMaterial,
  health: ClusterHealth,
  installation: Installation,
): string {
  const { namespace, anchor, owned } = clusterObjects(cluster, material, health, installation, []);
  return createHash("sha256")
    .update(JSON.stringify([namespace, anchor, owned("")]))
    .digest("hex")
    .slice(0, 32);
}

export function manifestInput(
  cluster: ClusterRecord,
  material: ClusterMaterial,
  installation: Installation,
  seedAddresses: readonly string[],
): ClusterManifestInput {
  const engine = findEngineVersion(cluster.engine, cluster.version);
  if (engine === undefined) throw new Error(`${cluster.engine} ${cluster.version} is not in the catalogue`);
  return {
    environment: installation.environment,
    clusterId: cluster.id,
    organizationId: cluster.organizationId,
    projectId: cluster.projectId,
    generation: cluster.generation,
    engine,
    components: cluster.components.map((component) => ({
      name: component.name,
      roles: component.roles,
      instances: component.instanceCount,
      size: component.size,
      memoryMib: component.memoryMib,
      cpuMilli: component.cpuMilli,
      cpuLimitMilli: Math.ceil((component.cpuMilli * cluster.cpuLimitPercent) / 100),
      storageMib: component.storageMib,
    })),
    labels: cluster.labels,
    storageClass: cluster.storageClass,
    // Only a cluster that never formed may bootstrap: a second bootstrap would be a second cluster on the same volumes.
    initialMasters: cluster.engineUuid === undefined ? cluster.initialMasters : [],
    seedAddresses,
    tls: { caCertPem: material.caCertPem, certPem: material.certPem, keyPem: material.keyPem },
    userFiles: material.userFiles,
    workerAccess: installation.worker,
    gatewayAccess: installation.gateway,
    snapshotAccess: installation.snapshots,
  };
}
