import type { Container, PodSpec } from "./objects.ts";
import { addTo, type Vector, vectorOf } from "./quantities.ts";

/** What the scheduler counts for a pod: the sum of its containers, or an init container if larger, and its overhead. */
export function podRequests(spec: PodSpec): Vector {
  return totalOf(spec, (container) => vectorOf(container.resources?.requests));
}

export function podLimits(spec: PodSpec): Vector {
  return totalOf(spec, (container) => vectorOf(container.resources?.limits));
}

function totalOf(spec: PodSpec, amounts: (container: Container) => Vector): Vector {
  const total: Vector = {};
  for (const container of spec.containers) addTo(total, amounts(container));
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container);
    if (container.restartPolicy === "Always")
      addTo(total, own); // A sidecar runs beside the others.
    else for (const resource in own) total[resource] = Math.max(total[resource] ?? 0, own[resource] ?? 0);
  }
  addTo(total, vectorOf(spec.overhead));
  return total;
}

/** Guaranteed, Burstable or BestEffort, by cpu and memory of all containers. */
export function qosClassOf(spec: PodSpec): "Guaranteed" | "Burstable" | "BestEffort" {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const container of containers) {
    const requests = vectorOf(container.resources?.requests);
    const limits = vectorOf(container.resources?.limits);
    for (const resource of ["cpu", "memory"]) {
      if ((requests[resource] ?? 0) > 0 || (limits[resource] ?? 0) > 0) any = true;
      if ((limits[resource] ?? 0) === 0 || (requests[resource] ?? limits[resource]) !== limits[resource])
        guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
