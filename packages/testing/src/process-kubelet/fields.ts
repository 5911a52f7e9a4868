import type { FieldRef, Pod, ResourceFieldRef } from "./objects.ts";
import { nanosOf } from "./quantity.ts";

/** Addresses that fields may ask for, which the pod's object may not hold yet. */
export interface PodAddresses {
  readonly podIp: string;
  readonly hostIp: string;
}

/** The value of a downward API field. Refuses a path that is not one of them. */
export function fieldOf(pod: Pod, { fieldPath }: FieldRef, addresses: PodAddresses): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (keyed !== null) {
    const map = keyed[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[keyed[2] ?? ""] ?? "";
  }
  switch (fieldPath) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid;
    case "metadata.labels":
      return linesOf(pod.metadata.labels);
    case "metadata.annotations":
      return linesOf(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return addresses.podIp;
    case "status.hostIP":
    case "status.hostIPs":
      return addresses.hostIp;
    default:
      throw new Error(`the field ${fieldPath} is none that the downward API gives`);
  }
}

/** A container's request or limit in units of the divisor, rounded up, as Kubernetes does. */
export function resourceOf(pod: Pod, ref: ResourceFieldRef, containerName: string): string {
  const name = ref.containerName ?? containerName;
  const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((one) => one.name === name);
  const [kind = "", resource = ""] = ref.resource.split(/\.(.*)/s);
  const amounts = kind === "limits" ? container?.resources?.limits : container?.resources?.requests;
  const amount = nanosOf(amounts?.[resource] ?? "0");
  const divisor = nanosOf(ref.divisor === undefined || ref.divisor === "0" ? "1" : ref.divisor);
  return String((amount + divisor - 1n) / divisor);
}

function linesOf(map: Readonly<Record<string, string>> = {}): string {
  const names = Object.keys(map).sort();
  return names.map((name) => `${name}=${JSON.stringify(map[name])}`).join("\n");
}
