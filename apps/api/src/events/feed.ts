/** Tells when something happened in an organization. */
export interface EventFeed {
  /** Begins to watch: what happens from now on is not missed, also between two calls of `changed`. Close it. */
  watch(organizationId: string): Watch;
}

export interface Watch {
  /**
   * Resolves when something has happened since the last call (or since the watch began), after `timeoutMs` at the latest,
   * or when the signal is aborted. It says when to look again, never what there is to see.
   */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Where notifications come from. */
export interface Notifications {
  /** `organizationId` undefined: some may have been missed, so everybody is to look. */
  onEvent(listener: (organizationId: string | undefined) => void): void;
}

/**
 * Fans one LISTEN connection out to every stream and long poll of this process.
 *
 * Without it each of them would ask the database every second. A lost notification delays, and does no harm: whoever
 * watches gives a timeout and then looks anyway.
 */
export function createEventFeed(notifications: Notifications): EventFeed {
  const watches = new Map<string, Set<() => void>>();
  notifications.onEvent((organizationId) => {
    const woken = organizationId === undefined ? [...watches.values()] : [watches.get(organizationId) ?? []];
    for (const wakes of woken) for (const wake of wakes) wake();
  });

  return {
    watch: (organizationId) => {
      let happened = false;
      let resume: (() => void) | undefined;
      const wake = () => {
        happened = true;
        resume?.();
      };
      const group = watches.get(organizationId) ?? new Set();
      watches.set(organizationId, group.add(wake));
      return {
        changed: async (timeoutMs, signal) => {
          if (!happened && !signal.aborted) await pause(timeoutMs, signal, (set) => (resume = set));
          resume = undefined;
          happened = false;
        },
        close: () => {
          group.delete(wake);
          if (group.size === 0 && watches.get(organizationId) === group) watches.delete(organizationId);
        },
      };
    },
  };
}

/** Until the function given to `arm` is called, the time is over or the signal is aborted. */
function pause(timeoutMs: number, signal: AbortSignal, arm: (resume: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, timeoutMs);
    signal.addEventListener("abort", end, { once: true });
    arm(end);
  });
}
