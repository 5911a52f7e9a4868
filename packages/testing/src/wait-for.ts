/** How long to wait, and for what: the words end up in the error. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** What is waited for, as the rest of the sentence "waited 5000 ms for …". */
  readonly what: string;
  /** Between two looks, 50 ms unless told. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until the condition gives something, and gives that.
 *
 * `undefined`, `null` and `false` mean not yet. So does a throw: what is waited for is often not reachable at first. The
 * last one becomes the cause of the error, so that a condition that can never hold says why.
 *
 * Tests wait with this instead of for a fixed time: quick where things are quick, and patient on a busy machine.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const startedAt = performance.now();
  let cause: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const seen = await condition();
      if (seen !== undefined && seen !== null && seen !== false) return seen as Exclude<T, undefined | null | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const passedMs = performance.now() - startedAt;
    if (passedMs >= options.timeoutMs) throw timedOut(options, passedMs, cause);
    const pauseMs = Math.min(options.intervalMs ?? 50, options.timeoutMs - passedMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function timedOut(options: WaitOptions, passedMs: number, cause: unknown): Error {
  const why = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new Error(`waited ${Math.round(passedMs)} ms for ${options.what}${why}`, { cause });
}
