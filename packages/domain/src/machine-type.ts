/**
 * A machine type as the packer sees it: what pods may use, not what the type says on the tin.
 *
 * cpu in millicores, memory in MiB, volumes = EBS attachments left for pods, pods = slots left for instances.
 */
export interface Allocatable {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly pods: number;
}

/** Nominal facts of an EC2 type. Source: data/aws/instance-types.json (DescribeInstanceTypes, 2026-08-02). */
export interface MachineTypeFacts {
  readonly name: string;
  readonly vcpu: number;
  readonly memoryMib: number;
  readonly ebsVolumeLimit: number;
  /** shared: one limit for volumes and network interfaces together. */
  readonly ebsVolumeLimitType: "shared" | "dedicated";
}

export interface NodeOverhead {
  /** What the daemons of every node request. */
  readonly daemonCpuMilli: number;
  readonly daemonMemoryMib: number;
  readonly daemonPods: number;
  /** Network interfaces that the pods need; each takes an attachment where the limit is shared. */
  readonly networkInterfaces: number;
}

/** Defaults of the shared packing design: 300 mCPU, 600 MiB and 6 pods of daemons, one interface. */
export const DEFAULT_OVERHEAD: NodeOverhead = {
  daemonCpuMilli: 300,
  daemonMemoryMib: 600,
  daemonPods: 6,
  networkInterfaces: 1,
};

/** What the kubelet of a machine is told: slots for the instances and for the node's daemons. */
export function maxPodsOf(instancesCap: number, overhead: NodeOverhead = DEFAULT_OVERHEAD): number {
  return instancesCap + overhead.daemonPods;
}

/**
 * Estimates what pods can use on a type that was never observed.
 *
 * Memory: nominal less 7.5 % for the hypervisor, 255 MiB + 11 MiB a pod for the kubelet, 100 MiB eviction threshold.
 * CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest. Reservations round up,
 * allocatable down. Source: kube-reserved of the EKS node images; 7.5 % as Karpenter assumes (its issue 5676).
 */
export function estimateAllocatable(
  facts: MachineTypeFacts,
  instancesCap: number,
  overhead: NodeOverhead = DEFAULT_OVERHEAD,
): Allocatable {
  const maxPods = maxPodsOf(instancesCap, overhead);
  const usable = Math.floor(facts.memoryMib * 0.925);
  const memoryMib = usable - (255 + 11 * maxPods) - 100 - overhead.daemonMemoryMib;
  const reservedCpu = Math.ceil(
    60 + (facts.vcpu > 1 ? 10 : 0) + Math.min(Math.max(facts.vcpu - 2, 0), 2) * 5 + Math.max(facts.vcpu - 4, 0) * 2.5,
  );
  const cpuMilli = facts.vcpu * 1000 - reservedCpu - overhead.daemonCpuMilli;
  const interfaces = facts.ebsVolumeLimitType === "shared" ? overhead.networkInterfaces : 0;
  return {
    cpuMilli: Math.max(0, cpuMilli),
    memoryMib: Math.max(0, memoryMib),
    volumes: Math.max(0, facts.ebsVolumeLimit - 1 - interfaces),
    pods: instancesCap,
  };
}
