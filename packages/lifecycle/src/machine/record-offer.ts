import { DEFAULT_OVERHEAD } from "@berth/domain";
import type { CpuAndMemory, DesiredMachine, MachineAction, ObservedKube } from "./types.ts";

/**
 * Notes what a node leaves for instances, when that is another figure than the one on record.
 *
 * Beside it, what its like may be expected to leave: daemons may still be missing on a young node, so no less is taken off
 * for them than where nothing is known. A node that offers less than half of the estimate is broken and says nothing of
 * its like: one bad box must not close a machine type. What it does to launches is for the quarantine to end.
 */
export function recordOffer(desired: DesiredMachine, node: NonNullable<ObservedKube["node"]>): MachineAction[] {
  const { offer, daemons } = node;
  if (offer === undefined) return [];
  const left = less(offer, daemons);
  if (left.cpuMilli === desired.allocatable.cpuMilli && left.memoryMib === desired.allocatable.memoryMib) return [];
  const typical = less(offer, {
    cpuMilli: Math.max(daemons.cpuMilli, DEFAULT_OVERHEAD.daemonCpuMilli),
    memoryMib: Math.max(daemons.memoryMib, DEFAULT_OVERHEAD.daemonMemoryMib),
  });
  return [{ kind: "record_allocatable", left, typical: isPlausible(typical, desired.estimate) ? typical : undefined }];
}

function less(offer: CpuAndMemory, daemons: CpuAndMemory): CpuAndMemory {
  return {
    cpuMilli: Math.max(0, offer.cpuMilli - daemons.cpuMilli),
    memoryMib: Math.max(0, offer.memoryMib - daemons.memoryMib),
  };
}

function isPlausible(typical: CpuAndMemory, estimate: CpuAndMemory | undefined): boolean {
  if (estimate === undefined) return false;
  return 2 * typical.cpuMilli >= estimate.cpuMilli && 2 * typical.memoryMib >= estimate.memoryMib;
}
