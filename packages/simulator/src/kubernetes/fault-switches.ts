import type { Faults, Refusal, RequestMatch } from "./faults.ts";
import { noFaults } from "./faults.ts";
import type { Between } from "./identity.ts";
import type { KubeletPods } from "./kubelet-pods.ts";
import type { Store } from "./store.ts";
import type { WatchHub } from "./watch-hub.ts";

/** What tests and the operator of a simulated world can break. Machines are broken through `kubelets`. */
export interface FaultSwitches {
  /** Every answer is held back so long; undefined ends it. */
  setLatency(between: Between | undefined): void;
  /** Requests are refused before any effect: 429 with Retry-After, 500, 503, 409. */
  refuse(refusal: Refusal): void;
  /** The next calls take effect, then their connection breaks. */
  loseAnswers(match: RequestMatch, times?: number): void;
  /** The next lists are empty, with a fresh resourceVersion. */
  emptyLists(match: RequestMatch, times?: number): void;
  /** Lists show the world as it is now until they are thawed. Single reads stay fresh. */
  freezeLists(): void;
  thawLists(): void;
  /** Breaks open watches off. */
  cutWatches(): void;
  /** Open watches stay open and say nothing any more, not even bookmarks. */
  silenceWatches(): void;
  /** Ends open watches with 410 in the stream and forgets the history: older resourceVersions are 410 from now on. */
  expireWatches(): void;
  /** Forgets the history alone. */
  compact(): void;
  /** From a write to its delivery by watches. */
  setWatchDelay(delayMs: number): void;
  /** The pod's main process crashes and is restarted; false when it does not run. */
  crashPod(namespace: string, name: string): boolean;
  /** Ends all faults of requests, lists and latency. */
  clear(): void;
}

export function faultSwitches(parts: {
  faults: Faults;
  hub: WatchHub;
  store: Store;
  pods: KubeletPods;
}): FaultSwitches {
  const { faults, hub, store, pods } = parts;
  return {
    setLatency: (between) => {
      faults.state.latencyMs = between ?? null;
    },
    refuse: (refusal) => {
      faults.state.refusals.push({ ...refusal, left: refusal.times ?? null });
    },
    loseAnswers: (match, times = 1) => {
      faults.state.lostAnswers.push({ match, left: times });
    },
    emptyLists: (match, times = 1) => {
      faults.state.emptyLists.push({ match, left: times });
    },
    freezeLists: () => {
      faults.state.staleRevision = store.revision;
    },
    thawLists: () => {
      faults.state.staleRevision = null;
    },
    cutWatches: () => hub.cut(),
    silenceWatches: () => hub.silence(),
    expireWatches: () => {
      hub.expire();
      store.compact();
    },
    compact: () => store.compact(),
    setWatchDelay: (delayMs) => {
      hub.delayMs = delayMs;
    },
    crashPod: (namespace, name) => pods.crash(namespace, name),
    clear: () => {
      faults.state = { ...noFaults(), draws: faults.state.draws };
    },
  };
}
