import type { ObservedClaim, ObservedEngine, ObservedPod } from "./types.ts";

export const NOW = 1_800_000_000_000;
export const NAMES = ["data-0", "data-1", "data-2"];
export const ADDRESSES = ["127.20.0.1", "127.20.0.2", "127.20.0.3"];

/** A pod that runs and is ready. */
export function aPod(name: string, over: Partial<ObservedPod> = {}): ObservedPod {
  return {
    name,
    uid: `uid-${name}`,
    address: ADDRESSES[NAMES.indexOf(name)],
    gated: false,
    bound: true,
    nodeName: `mac-${name}`,
    running: true,
    ready: true,
    terminating: false,
    restarts: 0,
    ...over,
  };
}

/** The claim of a pod, bound to its volume. */
export function aClaim(podName: string, over: Partial<ObservedClaim> = {}): ObservedClaim {
  return {
    name: `data-${podName}`,
    uid: `claim-${podName}`,
    terminating: false,
    volumeName: `pvc-${podName}`,
    lost: false,
    ...over,
  };
}

/** The engine of all three, green. */
export function anEngine(over: Partial<Extract<ObservedEngine, { reachable: true }>> = {}): ObservedEngine {
  return {
    reachable: true,
    clusterName: "cl-x",
    clusterUuid: "u1",
    votingNodes: 3,
    health: "green",
    relocatingShards: 0,
    nodeNames: NAMES,
    ...over,
  };
}
