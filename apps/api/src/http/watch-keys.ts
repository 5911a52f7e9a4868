import type { RouteShape } from "@berth/contract";
import type { StoredApiKey } from "@berth/db";
import type { Clock } from "@berth/ports";
import { admit, type Principal } from "./authenticate.ts";
import type { Refusal } from "./refusal.ts";
import { lackingPermission } from "./serve.ts";

export interface KeyWatch {
  /** Calls `ended` once the caller may not go on with the route. Returns what stops the watch. */
  watch(principal: Principal, shape: RouteShape, ended: (why: Refusal) => void): () => void;
  close(): void;
}

interface Watcher {
  readonly principal: Principal;
  readonly shape: RouteShape;
  readonly ended: (why: Refusal) => void;
}

/**
 * Looks again at the keys of whoever has a stream or a long poll open: a request is checked when it comes, and these go on for
 * hours. One statement for all of them every `everyMs`, and one for each that begins, as that was let in by a remembered row.
 *
 * While the database is away nothing is known, and nothing can be read by a stream either: they go on.
 */
export function createKeyWatch(deps: {
  readonly findApiKeys: (publicIds: readonly string[]) => Promise<readonly StoredApiKey[]>;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly onError: (error: unknown) => void;
}): KeyWatch {
  const watchers = new Set<Watcher>();
  let timer: NodeJS.Timeout | undefined;

  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const look = async (looked: readonly Watcher[]): Promise<void> => {
    try {
      const rows = await deps.findApiKeys([...new Set(looked.map(({ principal }) => principal.publicId))]);
      const byPublicId = new Map(rows.map((row) => [row.publicId, row]));
      for (const watcher of looked) {
        const why = whyNot(watcher, byPublicId.get(watcher.principal.publicId), deps.clock.now());
        if (why !== undefined && watchers.delete(watcher)) watcher.ended(why);
      }
      if (watchers.size === 0) stop();
    } catch (error) {
      deps.onError(error);
    }
  };

  return {
    watch: (principal, shape, ended) => {
      const watcher: Watcher = { principal, shape, ended };
      watchers.add(watcher);
      timer ??= setInterval(() => void look([...watchers]), deps.everyMs).unref();
      void look([watcher]);
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) stop();
      };
    },
    close: stop,
  };
}

function whyNot({ principal, shape }: Watcher, row: StoredApiKey | undefined, now: Date): Refusal | undefined {
  if (row === undefined) return { code: "invalid_credentials", detail: "The API key is unknown or was revoked." };
  const admitted = admit(row, principal.address, now);
  if (!admitted.ok) return admitted.error;
  const lacking = lackingPermission(shape, admitted.value);
  if (lacking !== undefined) return lacking;
  // What is open sees what the key reached then. Asked again, it sees what the key reaches now.
  const isSame = JSON.stringify(admitted.value.reach) === JSON.stringify(principal.reach);
  return isSame ? undefined : { code: "overloaded", detail: "The key's limits have changed. Ask again." };
}
