import type { Allocatable } from "@berth/domain";
import type { Dimension, InstanceRequest, RejectionReason } from "./types.ts";

export interface Load {
  cpuMilli: number;
  memoryMib: number;
  volumes: number;
  pods: number;
}

export function emptyLoad(): Load {
  return { cpuMilli: 0, memoryMib: 0, volumes: 0, pods: 0 };
}

export function addTo(load: Load, request: InstanceRequest): void {
  load.cpuMilli += request.cpuMilli;
  load.memoryMib += request.memoryMib;
  load.volumes += request.volumes;
  load.pods += 1;
}

export function loadOf(instances: readonly InstanceRequest[]): Load {
  const load = emptyLoad();
  for (const instance of instances) addTo(load, instance);
  return load;
}

/** The first dimension without room, in a fixed order, or undefined when it fits. */
export function shortage(
  request: InstanceRequest,
  allocatable: Allocatable,
  load: Load,
): Extract<RejectionReason, { kind: "no_room" }> | undefined {
  return (
    lack("memory", request.memoryMib, allocatable.memoryMib - load.memoryMib) ??
    lack("cpu", request.cpuMilli, allocatable.cpuMilli - load.cpuMilli) ??
    lack("volumes", request.volumes, allocatable.volumes - load.volumes) ??
    lack("pods", 1, allocatable.pods - load.pods)
  );
}

function lack(dimension: Dimension, needed: number, free: number) {
  return needed > free ? ({ kind: "no_room", dimension, needed, free } as const) : undefined;
}

/** At most one data and one master-eligible instance of a cluster on one node: losing a node loses one copy. */
export function conflict(
  request: InstanceRequest,
  others: readonly InstanceRequest[],
): Extract<RejectionReason, { kind: "conflict" }> | undefined {
  for (const other of others) {
    if (other.clusterId !== request.clusterId) continue;
    if (other.holdsData && request.holdsData) return { kind: "conflict", role: "data", withInstance: other.instanceId };
    if (other.masterEligible && request.masterEligible) {
      return { kind: "conflict", role: "master", withInstance: other.instanceId };
    }
  }
  return undefined;
}

/** Largest share of any dimension that the load takes, 0 to 1; pod slots do not count. */
export function dominantShare(load: Load, allocatable: Allocatable): number {
  return Math.max(
    share(load.cpuMilli, allocatable.cpuMilli),
    share(load.memoryMib, allocatable.memoryMib),
    share(load.volumes, allocatable.volumes),
  );
}

function share(used: number, of: number): number {
  return of > 0 ? used / of : used > 0 ? Number.POSITIVE_INFINITY : 0;
}
