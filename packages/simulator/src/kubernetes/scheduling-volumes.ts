import type { Claim, Node, PersistentVolume, Pod } from "./objects.ts";
import { claimNames, isDeleting } from "./pods.ts";
import { amountOf } from "./quantities.ts";
import { CLAIMS, CSI_NODES, VOLUMES } from "./resources.ts";
import type { NodeInfo } from "./scheduler-cache.ts";
import type { Rejection } from "./scheduling-filters.ts";
import { matchesNodeSelector } from "./selectors.ts";
import type { Store } from "./store.ts";
import {
  bindingModeOf,
  candidateVolumes,
  canProvision,
  reachableVolume,
  SELECTED_NODE,
  topologyAllows,
} from "./volume-matching.ts";

export interface WaitingClaim {
  readonly claim: Claim;
  readonly candidates: readonly PersistentVolume[];
}

/** A pod's claims as the scheduler takes them, or why it cannot be placed anywhere yet. */
export type PodVolumes =
  | { readonly blocked: string }
  | {
      readonly blocked?: undefined;
      readonly bound: readonly PersistentVolume[];
      readonly lost: boolean;
      /** Unbound claims that wait for their first consumer, with the free volumes that could serve them. */
      readonly waiting: readonly WaitingClaim[];
    };

export function volumesOf(pod: Pod, store: Store): PodVolumes {
  const bound: PersistentVolume[] = [];
  const waiting: WaitingClaim[] = [];
  let lost = false;
  for (const name of claimNames(pod)) {
    const claim = store.get(CLAIMS, pod.metadata.namespace, name);
    if (claim === undefined) return { blocked: `persistentvolumeclaim "${name}" not found` };
    if (isDeleting(claim)) return { blocked: `persistentvolumeclaim "${name}" is being deleted` };
    if (claim.status.phase === "Lost")
      return {
        blocked: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`,
      };
    if (claim.status.phase === "Bound") {
      const volume = store.get(VOLUMES, undefined, claim.spec.volumeName ?? "");
      if (volume === undefined) lost = true;
      else bound.push(volume);
    } else if (bindingModeOf(claim, store) === "WaitForFirstConsumer")
      waiting.push({ claim, candidates: candidateVolumes(claim, store) });
    else return { blocked: "pod has unbound immediate PersistentVolumeClaims" };
  }
  return { bound, waiting, lost };
}

/** Reasons against a node from volumes: their zone, what can be made there, and how many it can attach. */
export function rejectByVolumes(
  pod: Pod,
  volumes: Extract<PodVolumes, { blocked?: undefined }>,
  info: NodeInfo,
  store: Store,
): Rejection | undefined {
  const node = nodeFacts(info.node);
  if (volumes.lost) {
    return { reasons: ["node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"], helpless: true };
  }
  if (exceedsAttachments(pod, info, store)) return { reasons: ["node(s) exceed max volume count"], helpless: false };
  for (const volume of volumes.bound) {
    const required = volume.spec.nodeAffinity?.required;
    if (required !== undefined && !matchesNodeSelector(required, node)) {
      return { reasons: ["node(s) didn't match PersistentVolume's node affinity"], helpless: true };
    }
  }
  for (const { claim, candidates } of volumes.waiting) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    const possible =
      (selected === undefined || selected === info.name) &&
      (reachableVolume(candidates, info.node) !== undefined ||
        (canProvision(claim, store) && topologyAllows(claim, store, info.node)));
    if (!possible) return { reasons: ["node(s) didn't find available persistent volumes to bind"], helpless: true };
  }
  return undefined;
}

function nodeFacts(node: Node): { name: string; labels: Record<string, string> } {
  return { name: node.metadata.name, labels: node.metadata.labels ?? {} };
}

/** Attachable volumes: the driver's count on CSINode, or `attachable-volumes-…` in the node's allocatable. */
function exceedsAttachments(pod: Pod, info: NodeInfo, store: Store): boolean {
  const wanted = claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`);
  if (wanted.length === 0) return false;
  const limit = attachmentLimit(info.node, store);
  if (limit === undefined) return false;
  const attached = new Set<string>();
  for (const other of info.pods.values()) {
    for (const name of claimNames(other)) attached.add(`${other.metadata.namespace}/${name}`);
  }
  const before = attached.size;
  for (const claim of wanted) attached.add(claim);
  return attached.size > before && attached.size > limit;
}

function attachmentLimit(node: Node, store: Store): number | undefined {
  const counts = (store.get(CSI_NODES, undefined, node.metadata.name)?.spec.drivers ?? []).flatMap(
    (driver) => driver.allocatable?.count ?? [],
  );
  for (const [resource, amount] of Object.entries(node.status.allocatable ?? {})) {
    if (resource.startsWith("attachable-volumes-")) counts.push(amountOf(resource, amount));
  }
  return counts.length === 0 ? undefined : Math.min(...counts);
}
