import type { EngineWorld, NodeProcess } from "./model/state.ts";

/** What is broken now. None of it is saved: a restored world is whole. */
export interface EngineFaultState {
  readonly partitions: Map<string, string>;
  readonly unreachable: Set<string>;
  readonly diskUsedPercent: Map<string, number>;
  relocationsStall: boolean;
  nodeShutdown: boolean | undefined;
  connected(from: string, to: string): boolean;
  /** Whether clients from outside the cluster get through. */
  reachable(address: string): boolean;
}

export function newFaultState(): EngineFaultState {
  const partitions = new Map<string, string>();
  const unreachable = new Set<string>();
  return {
    partitions,
    unreachable,
    diskUsedPercent: new Map(),
    relocationsStall: false,
    nodeShutdown: undefined,
    connected: (from, to) => (partitions.get(from) ?? "") === (partitions.get(to) ?? ""),
    reachable: (address) => !unreachable.has(address),
  };
}

/** Addresses are pod addresses. */
export interface EngineFaults {
  /** The process dies; the kubelet starts it again after its backoff. */
  crash(address: string): void;
  /** The process lives and answers nothing, as under SIGSTOP; its peers notice after three failed checks. */
  freeze(address: string, frozen: boolean): void;
  /** Cuts these addresses off from all others, but not from each other; clients still reach them. */
  partition(addresses: readonly string[]): void;
  /** Ends every partition. */
  heal(): void;
  /** Requests from outside time out at this address. */
  setReachable(address: string, reachable: boolean): void;
  /** What the node reports of its disk, and what the watermarks see. */
  setDiskUsed(address: string, percent: number | undefined): void;
  /** Shards that move never arrive, until switched off. */
  stallRelocations(stalled: boolean): void;
  /** Pretends a size for every shard of an index, so that copies take time. */
  setShardBytes(clusterUuid: string, index: string, bytes: number | undefined): void;
  /** Gives or takes away the node shutdown API, whatever the runtime was made with. */
  setNodeShutdown(present: boolean): void;
  /** Empties the volume under a stopped or running node, as a lost disk does; a running process is killed first. */
  loseVolume(claim: string): void;
}

interface FaultTools {
  readonly world: EngineWorld;
  readonly state: EngineFaultState;
  settleAll(): void;
  nodeAt(address: string): NodeProcess | undefined;
  crash(address: string): void;
}

export function engineFaults({ world, state, settleAll, nodeAt, crash }: FaultTools): EngineFaults {
  let partitionCount = 0;
  return {
    crash,
    freeze: (address, frozen) => {
      const node = nodeAt(address);
      if (node === undefined) return;
      node.frozen = frozen;
      settleAll();
    },
    partition: (addresses) => {
      partitionCount++;
      for (const address of addresses) state.partitions.set(address, `partition ${partitionCount}`);
      settleAll();
    },
    heal: () => {
      state.partitions.clear();
      settleAll();
    },
    setReachable: (address, reachable) => {
      if (reachable) state.unreachable.delete(address);
      else state.unreachable.add(address);
    },
    setDiskUsed: (address, percent) => {
      if (percent === undefined) state.diskUsedPercent.delete(address);
      else state.diskUsedPercent.set(address, percent);
      settleAll();
    },
    stallRelocations: (stalled) => {
      state.relocationsStall = stalled;
      settleAll();
    },
    setShardBytes: (clusterUuid, index, bytes) => {
      const found = world.clusters.get(clusterUuid)?.indices[index];
      if (found !== undefined) found.pretendedBytes = bytes ?? null;
    },
    setNodeShutdown: (present) => {
      state.nodeShutdown = present;
    },
    loseVolume: (claim) => {
      for (const node of [...world.nodes.values()]) if (node.volume.claim === claim) crash(node.pod.podIp);
      world.volumes.delete(claim);
    },
  };
}
