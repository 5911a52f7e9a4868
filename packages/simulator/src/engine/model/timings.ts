/** Bounds of a delay in milliseconds, drawn evenly. */
type Between = readonly [lowMs: number, highMs: number];

export interface EngineTimings {
  /** Process start to an open transport port. */
  readonly startMs: Between;
  /** Enough votes in sight to an elected master. */
  readonly electionMs: Between;
  /** A master in sight to a joined node. */
  readonly joinMs: Between;
  /** Followers and leaders that do not answer are given up after three checks of ten seconds (both engines' default). */
  readonly silenceMs: number;
  /** Start of a shard copy that is on the node's disk already. */
  readonly localRecoveryMs: number;
  /** A copy over the network takes this long plus its bytes at `recoveryBytesPerSecond`. */
  readonly peerRecoveryMs: Between;
  readonly recoveryBytesPerSecond: number;
  /** A node without a master opens its HTTP port after this (discovery.initial_state_timeout). */
  readonly httpWithoutMasterMs: number;
  /** A failed process is started again after this, doubled each time up to five minutes (the kubelet's rule). */
  readonly restartBackoffMs: number;
}

/** As the real engines were seen on small machines (docs/real-parts of the shared pages). */
export const ENGINE_TIMINGS: EngineTimings = {
  startMs: [4_000, 9_000],
  electionMs: [500, 2_000],
  joinMs: [100, 600],
  silenceMs: 30_000,
  localRecoveryMs: 200,
  peerRecoveryMs: [300, 800],
  recoveryBytesPerSecond: 40 * 1024 * 1024,
  httpWithoutMasterMs: 30_000,
  restartBackoffMs: 10_000,
};

/** For development and for tests on the real clock. */
export const QUICK_ENGINE_TIMINGS: EngineTimings = {
  ...ENGINE_TIMINGS,
  startMs: [400, 900],
  electionMs: [100, 300],
  joinMs: [20, 80],
  peerRecoveryMs: [100, 250],
  httpWithoutMasterMs: 3_000,
  restartBackoffMs: 1_000,
};
