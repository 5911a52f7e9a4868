/**
 * Volumes as folders: what the EBS driver is to a real kube. Makes a folder and a PersistentVolume for a claim once the
 * scheduler has chosen a node, in that node's zone; grows volumes; removes those whose claim went and whose reclaim policy
 * is Delete.
 *
 * The volumes are CSI volumes of the EBS driver's name that need no attaching, so Kubernetes counts and places them as it
 * would EBS volumes. A folder outlives pods, nodes and the provisioner.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ApiClient, ApiError, apiClient } from "./api-client.ts";
import { FOLDER_ATTRIBUTE } from "./claim-folder.ts";
import { connectionOf } from "./connect.ts";
import { follow } from "./follow.ts";
import { CSI_DRIVER, ZONE_LABEL } from "./node.ts";
import type { Claim, KubeObject, Node, PersistentVolume, StorageClass } from "./objects.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { messageOf } from "./pod-context.ts";
import { nanosOf } from "./quantity.ts";

export interface VolumeProvisionerOptions {
  readonly kubeconfig: string;
  /** Holds the volumes' folders. */
  readonly dataDir: string;
  /** Where claims of an Immediate class may go. */
  readonly zones: readonly string[];
  /** Of the class `gp3`; Delete unless told. */
  readonly reclaim?: "Delete" | "Retain";
  readonly onLog?: (line: string) => void;
}

export interface VolumeProvisioner {
  /** Leaves folders and objects as they are. */
  stop(): Promise<void>;
}

const CLAIMS = "/api/v1/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";
const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";

/** Makes the class `gp3` (bound where the pod lands, growable) and serves every class of the EBS driver. */
export async function startVolumeProvisioner(options: VolumeProvisionerOptions): Promise<VolumeProvisioner> {
  const api = apiClient(connectionOf(options.kubeconfig));
  const log = (line: string) => options.onLog?.(`volumes: ${line}`);
  const over = new AbortController();
  await createIfAbsent(api, "/apis/storage.k8s.io/v1/csidrivers", {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: CSI_DRIVER },
    spec: { attachRequired: false, podInfoOnMount: false },
  });
  await createIfAbsent(api, CLASSES, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "gp3" },
    provisioner: CSI_DRIVER,
    reclaimPolicy: options.reclaim ?? "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
  });

  const trouble = ({ metadata }: KubeObject, error: unknown) => log(`${metadata.name}: ${messageOf(error)}`);
  const onClaim = async (claim: Claim): Promise<void> => {
    if (claim.metadata.deletionTimestamp !== undefined) return;
    if (claim.spec.volumeName === undefined) await provision(api, claim, options, log);
    else await expand(api, claim, log);
  };
  const onVolume = (volume: PersistentVolume) => reclaim(api, volume, log);
  const served = <T extends KubeObject>(path: string, act: (object: T) => Promise<void>) => {
    const { present, gone } = oneAtATime(act, over.signal, trouble);
    return follow<T>(api, path, {}, { onPresent: present, onGone: gone, onTrouble: log }, over.signal);
  };
  const background = [served(CLAIMS, onClaim), served(VOLUMES, onVolume)];

  return {
    stop: async () => {
      over.abort();
      await Promise.all(background);
      api.close();
    },
  };
}

async function provision(
  api: ApiClient,
  claim: Claim,
  options: VolumeProvisionerOptions,
  log: (line: string) => void,
): Promise<void> {
  const className = claim.spec.storageClassName;
  if (className === undefined || className === "") return;
  const storageClass = await api.get<StorageClass>(`${CLASSES}/${className}`);
  if (storageClass.provisioner !== CSI_DRIVER) return;
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  if (selected === undefined && storageClass.volumeBindingMode === "WaitForFirstConsumer") return;

  const zone = selected === undefined ? options.zones[0] : await zoneOf(api, selected);
  if (zone === undefined) throw new Error(`${selected ?? "the provisioner"} is in no zone`);
  // Named after the claim's uid: asked twice, it is made once.
  const name = `pvc-${claim.metadata.uid}`;
  const folder = join(options.dataDir, name);
  mkdirSync(folder, { recursive: true });
  await createIfAbsent(api, VOLUMES, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { [PROVISIONED_BY]: CSI_DRIVER }, labels: { [ZONE_LABEL]: zone } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
      accessModes: claim.spec.accessModes ?? ["ReadWriteOnce"],
      volumeMode: claim.spec.volumeMode ?? "Filesystem",
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: className,
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: claim.metadata.namespace,
        name: claim.metadata.name,
        uid: claim.metadata.uid,
      },
      csi: {
        driver: CSI_DRIVER,
        volumeHandle: `vol-${claim.metadata.uid.replaceAll("-", "").slice(0, 17)}`,
        volumeAttributes: { [FOLDER_ATTRIBUTE]: folder },
      },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE_LABEL, operator: "In", values: [zone] }] }] },
      },
    },
  });
  log(`${claim.metadata.namespace}/${claim.metadata.name}: ${name} in ${zone}`);
}

/** First the volume, then what the claim says it has, as the resizer of a driver that grows file systems online. */
async function expand(api: ApiClient, claim: Claim, log: (line: string) => void): Promise<void> {
  const wanted = claim.spec.resources?.requests?.storage;
  const has = claim.status?.capacity?.storage;
  if (claim.status?.phase !== "Bound" || wanted === undefined || has === undefined) return;
  if (nanosOf(wanted) <= nanosOf(has)) return;
  const volume = await api.get<PersistentVolume>(`${VOLUMES}/${claim.spec.volumeName}`);
  if (volume.spec.csi?.driver !== CSI_DRIVER) return;
  await api.mergePatch(`${VOLUMES}/${volume.metadata.name}`, { spec: { capacity: { storage: wanted } } });
  const path = `/api/v1/namespaces/${claim.metadata.namespace}/persistentvolumeclaims/${claim.metadata.name}/status`;
  await api.mergePatch(path, { status: { capacity: { storage: wanted }, conditions: [] } });
  log(`${claim.metadata.namespace}/${claim.metadata.name}: grown from ${has} to ${wanted}`);
}

async function reclaim(api: ApiClient, volume: PersistentVolume, log: (line: string) => void): Promise<void> {
  const { csi, persistentVolumeReclaimPolicy: policy } = volume.spec;
  if (volume.status?.phase !== "Released" || policy !== "Delete" || csi?.driver !== CSI_DRIVER) return;
  const folder = csi.volumeAttributes?.[FOLDER_ATTRIBUTE];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  const preconditions = { uid: volume.metadata.uid };
  await api.delete(`${VOLUMES}/${volume.metadata.name}`, { kind: "DeleteOptions", preconditions });
  log(`${volume.metadata.name}: deleted`);
}

async function zoneOf(api: ApiClient, nodeName: string): Promise<string | undefined> {
  return (await api.get<Node>(`/api/v1/nodes/${nodeName}`)).metadata.labels?.[ZONE_LABEL];
}

async function createIfAbsent(api: ApiClient, path: string, object: object): Promise<void> {
  await api.create(path, object).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
  });
}
