import type { CaseInstance, CaseType, PlanNode } from "../case/packing-case.ts";

/** What a node has: a machine type, or an imaginary one. Units as in PackingCase. */
export type Room = Pick<CaseType, "cpuMilli" | "memoryMib" | "volumes" | "instances">;

/** A node while a policy fills it, before its type is chosen: what its instances need in all. */
export interface OpenNode {
  cpuMilli: number;
  memoryMib: number;
  volumes: number;
  readonly instances: CaseInstance[];
  readonly clusters: Set<string>;
}

export function openNode(): OpenNode {
  return { cpuMilli: 0, memoryMib: 0, volumes: 0, instances: [], clusters: new Set() };
}

export function put(node: OpenNode, instance: CaseInstance): void {
  node.cpuMilli += instance.cpuMilli;
  node.memoryMib += instance.memoryMib;
  node.volumes += instance.volumes;
  node.instances.push(instance);
  if (instance.cluster !== undefined) node.clusters.add(instance.cluster);
}

/** Whether one more fits: its size, the cap, and no other instance of its cluster. */
export function takes(node: OpenNode, instance: CaseInstance, room: Room): boolean {
  return (
    node.memoryMib + instance.memoryMib <= room.memoryMib &&
    node.cpuMilli + instance.cpuMilli <= room.cpuMilli &&
    node.volumes + instance.volumes <= room.volumes &&
    node.instances.length < room.instances &&
    !(instance.cluster !== undefined && node.clusters.has(instance.cluster))
  );
}

export function holds(room: Room, node: OpenNode): boolean {
  return (
    node.memoryMib <= room.memoryMib &&
    node.cpuMilli <= room.cpuMilli &&
    node.volumes <= room.volumes &&
    node.instances.length <= room.instances
  );
}

export function holdsAlone(room: Room, instance: CaseInstance): boolean {
  return takes(openNode(), instance, room);
}

/** Cheapest first; equal prices in the order of names. */
export function byPrice(types: readonly CaseType[]): CaseType[] {
  return [...types].sort((a, b) => a.priceMicroUsdPerHour - b.priceMicroUsdPerHour || (a.name < b.name ? -1 : 1));
}

export function planNode(type: CaseType, zone: string, instances: readonly CaseInstance[]): PlanNode {
  return {
    type: type.name,
    zone,
    priceMicroUsdPerHour: type.priceMicroUsdPerHour,
    instances: instances.map((instance) => instance.name),
  };
}
