import { LABELS, MANAGED_BY, parseCpuMilli, parseMebibytesDown, parseMebibytesUp } from "@berth/domain";
import type { CpuAndMemory } from "@berth/lifecycle";
import type { Node, Pod } from "@berth/ports";

/** What the kubelet offers to pods; undefined while it says nothing that can be read. */
export function offerOf(node: Node): CpuAndMemory | undefined {
  const cpu = parseCpuMilli(node.status?.allocatable?.cpu ?? "");
  const memory = parseMebibytesDown(node.status?.allocatable?.memory ?? "");
  return cpu.ok && memory.ok ? { cpuMilli: cpu.value, memoryMib: memory.value } : undefined;
}

/** What pods request that every node of the kube runs: daemon sets' and static ones. Others come and go. */
export function daemonRequestsOf(podsOnNode: readonly Pod[]): CpuAndMemory {
  const sum = { cpuMilli: 0, memoryMib: 0 };
  for (const pod of podsOnNode) {
    const isDaemon = pod.metadata.ownerReferences?.some(({ kind }) => kind === "DaemonSet" || kind === "Node");
    if (isDaemon !== true || isOurs(pod)) continue;
    for (const { resources } of pod.spec.containers) {
      const cpu = parseCpuMilli(resources?.requests?.cpu ?? "0");
      const memory = parseMebibytesUp(resources?.requests?.memory ?? "0");
      sum.cpuMilli += cpu.ok ? cpu.value : 0;
      sum.memoryMib += memory.ok ? memory.value : 0;
    }
  }
  return sum;
}

export function isOurs(pod: Pod): boolean {
  return pod.metadata.labels?.[LABELS.managedBy] === MANAGED_BY;
}
