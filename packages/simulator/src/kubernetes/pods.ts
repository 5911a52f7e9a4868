import { hasCondition } from "./conditions.ts";
import type { KubeObject, OwnerReference, Pod } from "./objects.ts";

export function isReady(pod: Pod): boolean {
  return hasCondition(pod.status.conditions, "Ready");
}

export function isTerminal(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}

export function isDeleting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function isGated(pod: Pod): boolean {
  return (pod.spec.schedulingGates ?? []).length > 0;
}

export function isBound(pod: Pod): boolean {
  return (pod.spec.nodeName ?? "") !== "";
}

/** Names of the claims that a pod mounts. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
}
