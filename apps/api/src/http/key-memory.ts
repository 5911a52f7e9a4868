import { setTimeout as sleep } from "node:timers/promises";
import type { StoredApiKey } from "@berth/db";
import type { Clock } from "@berth/ports";

/** Rows of keys by their public part, known without asking the database each time. */
export interface KeyMemory {
  find(publicId: string): Promise<StoredApiKey | undefined>;
  /** Asks again for what was used since it was asked for, and forgets what is too old. */
  refresh(): Promise<void>;
  close(): void;
}

/** A revoked key works for at most so long. */
export const REMEMBER_MS = 5000;
/** Keys at a time. */
const MOST = 10_000;
/** Keys of one statement: what it holds up is a few milliseconds. */
const ASKED_AT_ONCE = 25;
/** Between two of them, so that requests come in between; less when there are very many. */
const LONGEST_PAUSE_MS = 20;

interface Remembered {
  readonly until: number;
  readonly row: Promise<StoredApiKey | undefined>;
  isUsed: boolean;
}

/**
 * Holds a row for `rememberMs` after it was asked for, which is how late a revocation may take effect.
 *
 * What is in use is asked for again before that, many in one statement. Each by itself and in a request's way, the keys of a
 * busy process would come due together: every few seconds it would do half as much again, and its slowest answers are those.
 */
export function createKeyMemory(deps: {
  readonly findApiKeys: (publicIds: readonly string[]) => Promise<readonly StoredApiKey[]>;
  readonly clock: Clock;
  readonly rememberMs: number;
  readonly onError: (error: unknown) => void;
}): KeyMemory {
  const { findApiKeys, rememberMs } = deps;
  const known = new Map<string, Remembered>();
  const now = () => deps.clock.now().getTime();

  /** Unless somebody was quicker: an answer that took its time never takes the place of a later one. */
  const replace = (publicId: string, before: Remembered, by: Remembered | undefined): void => {
    if (known.get(publicId) !== before) return;
    if (by === undefined) known.delete(publicId);
    else known.set(publicId, by);
  };

  const find = (publicId: string): Promise<StoredApiKey | undefined> => {
    const before = known.get(publicId);
    if (before !== undefined && before.until > now()) {
      before.isUsed = true;
      return before.row;
    }
    if (known.size >= MOST) known.clear();
    const until = now() + rememberMs;
    const row = findApiKeys([publicId]).then(([found]) => found);
    const made: Remembered = { until, row, isUsed: true };
    known.set(publicId, made);
    // Neither a failure nor an unknown key is remembered: the one may pass, the other would let strangers fill the memory.
    row.then(
      (found) => found === undefined && replace(publicId, made, undefined),
      () => replace(publicId, made, undefined),
    );
    return row;
  };

  const askAgain = async (entries: readonly (readonly [string, Remembered])[]): Promise<void> => {
    const until = now() + rememberMs;
    const found = await findApiKeys(entries.map(([publicId]) => publicId));
    const rows = new Map(found.map((row) => [row.publicId, row]));
    for (const [publicId, before] of entries) {
      const row = rows.get(publicId);
      replace(publicId, before, row && { until, row: Promise.resolve(row), isUsed: false });
    }
  };

  const refresh = async (): Promise<void> => {
    for (const [publicId, { until }] of known) if (until <= now()) known.delete(publicId);
    const used = [...known].filter(([, { isUsed }]) => isUsed);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (rememberMs / 4) * (ASKED_AT_ONCE / used.length));
    for (let from = 0; from < used.length; from += ASKED_AT_ONCE) {
      if (from > 0) await sleep(pauseMs, undefined, { ref: false });
      await askAgain(used.slice(from, from + ASKED_AT_ONCE));
    }
  };

  let isRefreshing = false;
  const timer = setInterval(async () => {
    if (isRefreshing) return;
    isRefreshing = true;
    await refresh().catch(deps.onError);
    isRefreshing = false;
  }, rememberMs / 2).unref();

  return { find, refresh, close: () => clearInterval(timer) };
}
