import type { MachineType } from "../ec2/model.ts";

/** What a simulated kubelet reports of its machine, in Kubernetes' own quantities. */
export interface NodeResources {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Volumes that may be attached besides the root volume, as the volume driver of the node reports them. */
  readonly attachableVolumes: number;
}

/**
 * Capacity and allocatable of a machine type, by the rules of the EKS node images and Karpenter's 7.5 % (restated from
 * the packing design, not shared with the packer: the model must be able to disagree with it).
 *
 * Memory: the hypervisor takes 7.5 % before the kubelet counts; the kubelet keeps 255 MiB and 11 MiB a pod slot, and
 * 100 MiB below which it evicts. CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest.
 * Reservations round up, allocatable down. No daemons run here, so nothing is taken off for them.
 */
export function nodeResources(type: MachineType, maxPods: number): NodeResources {
  const memoryMib = type.memoryMiB - Math.ceil(type.memoryMiB * 0.075);
  const reservedMib = 255 + 11 * maxPods + 100;
  const cpuMilli = type.vcpu * 1000;
  const shared = type.ebsVolumeLimitType === "shared" ? 1 : 0;
  return {
    capacity: { cpu: String(type.vcpu), memory: `${memoryMib}Mi`, pods: String(maxPods), "ephemeral-storage": "40Gi" },
    allocatable: {
      cpu: `${cpuMilli - reservedCpuMilli(type.vcpu)}m`,
      memory: `${Math.max(0, memoryMib - reservedMib)}Mi`,
      pods: String(maxPods),
      "ephemeral-storage": "36Gi",
    },
    // One for the root volume; where interfaces share the limit, one for the first interface.
    attachableVolumes: Math.max(0, type.ebsVolumeLimit - 1 - shared),
  };
}

function reservedCpuMilli(cores: number): number {
  let milli = 0;
  for (let core = 0; core < cores; core++) milli += core === 0 ? 60 : core === 1 ? 10 : core < 4 ? 5 : 2.5;
  return Math.ceil(milli);
}
