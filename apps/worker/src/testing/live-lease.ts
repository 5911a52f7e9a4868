import { LeaseEnded, type LiveLease } from "@berth/db";

/** A lease that is held until `end` is called. */
export function liveLease(name = "cluster/cl_1"): LiveLease & { end(): void } {
  const lost = new AbortController();
  return {
    name,
    holder: "test",
    epoch: 1n,
    signal: lost.signal,
    ensureHeld: () => lost.signal.throwIfAborted(),
    end: () => lost.abort(new LeaseEnded(name)),
  };
}
