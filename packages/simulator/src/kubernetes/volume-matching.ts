import type { Claim, Node, PersistentVolume, StorageClass } from "./objects.ts";
import { isDeleting } from "./pods.ts";
import { nanoOf } from "./quantities.ts";
import { STORAGE_CLASSES, VOLUMES } from "./resources.ts";
import { matchesNodeSelector, matchesRequirement, matchesSelector } from "./selectors.ts";
import type { Store } from "./store.ts";

export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const NO_PROVISIONER = "kubernetes.io/no-provisioner";
export const ZONE_LABEL = "topology.kubernetes.io/zone";

export function classOf(claim: Claim, store: Store): StorageClass | undefined {
  const { storageClassName = "" } = claim.spec;
  return storageClassName === "" ? undefined : store.get(STORAGE_CLASSES, undefined, storageClassName);
}

export function bindingModeOf(claim: Claim, store: Store): "Immediate" | "WaitForFirstConsumer" {
  return classOf(claim, store)?.volumeBindingMode ?? "Immediate";
}

export function canProvision(claim: Claim, store: Store): boolean {
  const storageClass = classOf(claim, store);
  return storageClass !== undefined && storageClass.provisioner !== NO_PROVISIONER;
}

/** Whether the class lets volumes be made where the node is. */
export function topologyAllows(claim: Claim, store: Store, node: Node): boolean {
  const topologies = classOf(claim, store)?.allowedTopologies ?? [];
  if (topologies.length === 0) return true;
  const labels = node.metadata.labels ?? {};
  return topologies.some((term) =>
    (term.matchLabelExpressions ?? []).every((each) =>
      matchesRequirement({ ...each, operator: "In" }, labels[each.key]),
    ),
  );
}

/** Free volumes that satisfy a claim, the smallest first; one that is reserved for it by name before all. */
export function candidateVolumes(claim: Claim, store: Store): PersistentVolume[] {
  const { namespace, name, uid } = claim.metadata;
  const free: PersistentVolume[] = [];
  for (const volume of store.all(VOLUMES)) {
    const reference = volume.spec.claimRef;
    if (reference === undefined) {
      if (volume.status.phase === "Available" && !isDeleting(volume) && satisfies(volume, claim)) free.push(volume);
      continue;
    }
    const isReserved = reference.namespace === namespace && reference.name === name && (reference.uid ?? uid) === uid;
    if (isReserved && !isDeleting(volume) && satisfies(volume, claim)) return [volume];
  }
  return free.sort((a, b) => (isSmaller(a, b) ? -1 : 1));
}

/** The first of the candidates that can be reached from a node. */
export function reachableVolume(candidates: readonly PersistentVolume[], node: Node): PersistentVolume | undefined {
  const facts = { name: node.metadata.name, labels: node.metadata.labels ?? {} };
  return candidates.find((volume) => {
    const required = volume.spec.nodeAffinity?.required;
    return required === undefined || matchesNodeSelector(required, facts);
  });
}

const sizeOf = (volume: PersistentVolume): bigint => nanoOf(volume.spec.capacity?.storage);

function isSmaller(a: PersistentVolume, b: PersistentVolume): boolean {
  return sizeOf(a) === sizeOf(b) ? a.metadata.name < b.metadata.name : sizeOf(a) < sizeOf(b);
}

function satisfies(volume: PersistentVolume, claim: Claim): boolean {
  return (
    (volume.spec.storageClassName ?? "") === (claim.spec.storageClassName ?? "") &&
    (volume.spec.volumeMode ?? "Filesystem") === (claim.spec.volumeMode ?? "Filesystem") &&
    sizeOf(volume) >= nanoOf(claim.spec.resources?.requests?.storage) &&
    (claim.spec.accessModes ?? []).every((mode) => (volume.spec.accessModes ?? []).includes(mode)) &&
    (claim.spec.volumeName ?? volume.metadata.name) === volume.metadata.name &&
    (claim.spec.selector === undefined || matchesSelector(claim.spec.selector, volume.metadata.labels))
  );
}
