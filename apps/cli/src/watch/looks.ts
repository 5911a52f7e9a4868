/** What wakes a watcher between two looks. */
export interface LookOptions {
  /** Events that hint that something changed. What they say is not used: the look itself tells. */
  readonly events?: AsyncIterable<unknown>;
  /** Looks at least so often: events may be lost, and not everything that is shown makes one. */
  readonly everyMs: number;
  /** Gives up after so long; never when absent. */
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

export type WatchEnd = "done" | "timed_out" | "interrupted";

/**
 * Looks again and again until `look` says that it has seen the end. Each event makes one more look, many events at once
 * make one; a broken event stream only makes it slower.
 */
export async function lookUntilDone(options: LookOptions, look: () => Promise<boolean>): Promise<WatchEnd> {
  const deadline = options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
  const bell = new Bell();
  const onAbort = () => bell.ring();
  options.signal.addEventListener("abort", onAbort);
  if (options.events !== undefined) void ringForEach(options.events, bell);
  try {
    for (;;) {
      if (options.signal.aborted) return "interrupted";
      try {
        if (await look()) return "done";
      } catch (error) {
        if (options.signal.aborted) return "interrupted";
        throw error;
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return "timed_out";
      await bell.wait(Math.min(options.everyMs, leftMs));
    }
  } finally {
    options.signal.removeEventListener("abort", onAbort);
  }
}

async function ringForEach(events: AsyncIterable<unknown>, bell: Bell): Promise<void> {
  try {
    for await (const _ of events) bell.ring();
    bell.ring();
  } catch {
    // The timer goes on; what is wrong with the API shows at the next look.
  }
}

/** Remembers one ring that came while nobody waited. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.#rung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
