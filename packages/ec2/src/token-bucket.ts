import { PortError } from "@berth/ports";

/** Limits how often something is begun: `burst` at once, then `perSecond`. */
export interface TokenBucket {
  /**
   * Takes one token, waiting for it in order of arrival. Throws PortError throttled at once when the wait would be longer
   * than `maxWaitMs`: a caller that holds a lease must not sleep on it.
   */
  take(maxWaitMs: number): Promise<void>;
}

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * One bucket an account and region, shared by all who launch there: EC2 counts calls together, and a request that it
 * throttles costs as much as one that it serves.
 */
export function createTokenBucket(options: TokenBucketOptions): TokenBucket {
  const { perSecond, burst } = options;
  const now = options.now ?? (() => performance.now());
  let tokens = burst;
  let countedAt = now();

  return {
    take: async (maxWaitMs) => {
      const at = now();
      tokens = Math.min(burst, tokens + ((at - countedAt) / 1000) * perSecond);
      countedAt = at;
      const waitMs = tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
      if (waitMs > maxWaitMs) {
        throw new PortError("throttled", "our own limit of launches a second", { retryAfterMs: waitMs });
      }
      // Below zero is the queue: each waiter's token is taken now and arrives later.
      tokens -= 1;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    },
  };
}
