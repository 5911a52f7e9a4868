/**
 * Notes when a BullMQ worker last got an answer to "is there a job?".
 *
 * Idle ones ask every five seconds; busy ones after each job. BullMQ tells nobody, so its own method is wrapped: it is what
 * every path of its main loop calls.
 */
export function watchPolls(worker: object): () => number {
  const polling = worker as { moveToActive(...args: unknown[]): Promise<unknown> };
  if (typeof polling.moveToActive !== "function")
    throw new Error("this BullMQ has no moveToActive: mend the self-check");
  const ask = polling.moveToActive.bind(worker);
  let lastPollAt = performance.now();
  polling.moveToActive = async (...args) => {
    const answer = await ask(...args);
    lastPollAt = performance.now();
    return answer;
  };
  return () => lastPollAt;
}

export interface SelfCheckOptions {
  readonly lastPollAt: () => number;
  /** As many jobs run as may: then nobody asks for more, and that is well. */
  readonly isFull: () => boolean;
  readonly answers: () => Promise<boolean>;
  readonly stuckAfterMs: number;
  readonly onStuck: () => void;
}

/**
 * Finds a consumer that stopped asking for good.
 *
 * Releases of BullMQ 6 before 6.7 did after an outage of Redis, while every health check stayed green. While the backend
 * itself is away, or this process was frozen, nobody is to blame: that time does not count.
 */
export function startSelfCheck(options: SelfCheckOptions): { stop(): void } {
  let excusedUntil = performance.now();
  let asking = false;
  const everyMs = Math.max(10, options.stuckAfterMs / 6);
  let lastTurnAt = performance.now();
  const check = async () => {
    const now = performance.now();
    if (now - lastTurnAt > 2 * everyMs) excusedUntil = now; // The turns in between never came: nothing ran at all.
    lastTurnAt = now;
    if (asking) return;
    asking = true;
    try {
      if (options.isFull() || !(await options.answers())) excusedUntil = performance.now();
      const since = Math.max(options.lastPollAt(), excusedUntil);
      if (now - since < options.stuckAfterMs) return;
      clearInterval(timer);
      options.onStuck();
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void check(), everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
