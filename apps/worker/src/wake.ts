import type { LoopName, QueueProducer } from "@berth/ports";

/** Tells the queue that something should be looked at. A hint: what is lost is found by the sweep. */
export interface Waker {
  wake(loop: LoopName, id: string): void;
  close(): void;
}

/**
 * Gathers hints for a moment, so that a burst of pod events becomes one look.
 *
 * `delayMs` is the longest that a hint waits. Failing to add is logged and forgotten: the row stays due.
 */
export function createWaker(producer: QueueProducer, delayMs: number, onError: (error: unknown) => void): Waker {
  const waiting = new Map<string, { readonly loop: LoopName; readonly id: string }>();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    timer = undefined;
    const hints = [...waiting.values()];
    waiting.clear();
    for (const hint of hints) producer.add(hint.loop, hint.id).catch(onError);
  };

  return {
    wake: (loop, id) => {
      waiting.set(`${loop}:${id}`, { loop, id });
      timer ??= setTimeout(flush, delayMs);
    },
    close: () => {
      if (timer !== undefined) clearTimeout(timer);
      waiting.clear();
    },
  };
}
