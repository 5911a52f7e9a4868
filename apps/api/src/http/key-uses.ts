import type { ApiKeyUse } from "@berth/db";
import type { Clock } from "@berth/ports";
import type { Principal } from "./authenticate.ts";

export interface KeyUses {
  note(principal: Principal): void;
  /** Stores what was noted and not stored yet. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Half of what is promised: what a lost attempt held comes with the next. */
const EVERY_MS = 30_000;
/** Keys that are remembered at a time; more are left out until the next time. */
const MOST = 20_000;

/**
 * Remembers when and from where each key was last used, and stores it now and then, in one statement: never in a request's
 * way. A process that is killed loses half a minute of it, and nothing rests on it.
 */
export function createKeyUses(deps: {
  readonly store: (uses: readonly ApiKeyUse[]) => Promise<void>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}): KeyUses {
  let uses = new Map<string, ApiKeyUse>();

  const flush = async (): Promise<void> => {
    const stored = uses;
    uses = new Map();
    if (stored.size === 0) return;
    try {
      await deps.store([...stored.values()]);
    } catch (error) {
      // What was noted meanwhile is the later.
      for (const [id, use] of stored) if (!uses.has(id) && uses.size < MOST) uses.set(id, use);
      deps.onError(error);
    }
  };
  const timer = setInterval(() => void flush(), EVERY_MS).unref();

  return {
    note: ({ apiKeyId, address }) => {
      if (uses.size >= MOST && !uses.has(apiKeyId)) return;
      uses.set(apiKeyId, { apiKeyId, at: deps.clock.now(), address: address ?? null });
    },
    flush,
    close: async () => {
      clearInterval(timer);
      await flush();
    },
  };
}
