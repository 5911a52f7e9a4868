import type { KubernetesObject, Reflection, WatchEvent } from "@berth/ports";
import { statusOf } from "./errors.ts";
import { type RawWatchEvent, watchEvents } from "./watch.ts";

/**
 * Keeps a local copy of one kind.
 *
 * Why our own: the client library's informer goes silent for good after a socket error, asks for no bookmarks and lists
 * without pages (client-javascript #364, #596, #958). Here every end of a watch, of whatever cause, leads to the next one;
 * a silent one is opened again (a live server sends a bookmark a minute, if its etcd reports progress: kubeadm sets that,
 * etcd alone does so every ten minutes, so silence need not be a fault); a full list every ten minutes mends what was missed.
 * Local items are never dropped before a relist succeeded. A restart begins with a list, so nothing needs storing.
 */
export interface ReflectorSource {
  /** One consistent list through all its pages. */
  list(): Promise<{ readonly items: readonly KubernetesObject[]; readonly resourceVersion: string }>;
  /** An open watch from there, with bookmarks, that the server ends after `timeoutSeconds`. */
  watch(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export type RelistReason = "first" | "periodic" | "expired" | "list_failed";

export interface ReflectorTimings {
  readonly relistEveryMs: number;
  readonly silentAfterMs: number;
  readonly watchSeconds: readonly [number, number];
  readonly backoffMs: readonly [number, number];
}

export const REFLECTOR_TIMINGS: ReflectorTimings = {
  relistEveryMs: 600_000,
  silentAfterMs: 90_000,
  watchSeconds: [240, 480],
  backoffMs: [200, 30_000],
};

export interface ReflectorDeps {
  readonly timings: ReflectorTimings;
  /** Milliseconds; monotonic is best. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onRelist?: (reason: RelistReason) => void;
  /** A failed list or watch, or a throwing `onEvent`: the reflector goes on. */
  readonly onProblem?: (error: unknown) => void;
}

type WatchEnd = "ended" | "expired" | "failed" | "reopen";

export function startReflector<T extends KubernetesObject>(
  source: ReflectorSource,
  deps: ReflectorDeps,
  onEvent: (event: WatchEvent<T>) => void,
): Reflection<T> {
  const { timings, now } = deps;
  const stopping = new AbortController();
  const items = new Map<string, T>();
  let currentAt = now();
  let resolveReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    resolveReady = resolve;
  });

  const tell = (event: WatchEvent<T>): void => {
    try {
      onEvent(event);
    } catch (error) {
      deps.onProblem?.(error);
    }
  };

  const put = (object: T): void => {
    const key = keyOf(object);
    const before = items.get(key);
    items.set(key, object);
    if (before === undefined) tell({ type: "added", object });
    else if (before.metadata.uid !== object.metadata.uid) {
      // Deleted and made again between two looks: two facts, not one change.
      tell({ type: "removed", object: before });
      tell({ type: "added", object });
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) tell({ type: "changed", object });
  };

  const relist = async (): Promise<string> => {
    const listed = await source.list();
    if (stopping.signal.aborted) return listed.resourceVersion;
    const seen = new Set(listed.items.map(keyOf));
    for (const [key, object] of [...items]) {
      if (seen.has(key)) continue;
      items.delete(key);
      tell({ type: "removed", object });
    }
    for (const object of listed.items) put(object as T);
    currentAt = now();
    resolveReady();
    return listed.resourceVersion;
  };

  const accept = (event: RawWatchEvent): void => {
    currentAt = now();
    if (event.type === "BOOKMARK") return;
    const object = event.object as unknown as T;
    if (event.type === "DELETED") {
      items.delete(keyOf(object));
      tell({ type: "removed", object });
    } else put(object);
  };

  /** One watch until it ends, is silent for too long or the relist is due. */
  const watchOnce = async (from: string, relistAt: number): Promise<{ end: WatchEnd; resourceVersion: string }> => {
    let resourceVersion = from;
    const reopen = new AbortController();
    const [shortest, longest] = timings.watchSeconds;
    const seconds = shortest + Math.floor(deps.random() * (longest - shortest));
    let timer: NodeJS.Timeout | undefined;
    const listen = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => reopen.abort(), timings.silentAfterMs);
      timer.unref();
    };
    const due = setTimeout(() => reopen.abort(), Math.max(0, relistAt - now()));
    due.unref();
    try {
      listen();
      const body = await source.watch(from, seconds, AbortSignal.any([reopen.signal, stopping.signal]));
      currentAt = now();
      for await (const event of watchEvents(body)) {
        listen();
        accept(event);
        resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
      }
      return { end: "ended", resourceVersion };
    } catch (error) {
      if (stopping.signal.aborted || reopen.signal.aborted) return { end: "reopen", resourceVersion };
      deps.onProblem?.(error);
      return { end: statusOf(error)?.code === 410 ? "expired" : "failed", resourceVersion };
    } finally {
      clearTimeout(timer);
      clearTimeout(due);
    }
  };

  /** Decorrelated jitter: each wait is random between the base and three times the last one. */
  let lastWaitMs = timings.backoffMs[0];
  const backOff = async (): Promise<void> => {
    const [base, cap] = timings.backoffMs;
    lastWaitMs = Math.min(cap, base + deps.random() * (lastWaitMs * 3 - base));
    await wait(lastWaitMs, stopping.signal);
  };

  const run = async (): Promise<void> => {
    let reason: RelistReason = "first";
    while (!stopping.signal.aborted) {
      let resourceVersion: string;
      try {
        deps.onRelist?.(reason);
        resourceVersion = await relist();
      } catch (error) {
        deps.onProblem?.(error);
        reason = "list_failed";
        await backOff();
        continue;
      }
      const relistAt = now() + timings.relistEveryMs * (0.9 + deps.random() * 0.2);
      reason = "periodic";
      while (!stopping.signal.aborted && now() < relistAt) {
        const startedAt = now();
        const outcome = await watchOnce(resourceVersion, relistAt);
        if (outcome.resourceVersion !== resourceVersion) lastWaitMs = timings.backoffMs[0];
        resourceVersion = outcome.resourceVersion;
        // Also after a quick clean end: a server that closes at once must not be asked in a tight loop.
        const quick = outcome.end === "ended" && now() - startedAt < 1000;
        if (quick || outcome.end === "expired" || outcome.end === "failed") await backOff();
        if (outcome.end === "expired") {
          reason = "expired";
          break;
        }
      }
    }
  };

  void run();
  return {
    ready,
    items: () => [...items.values()],
    ageMs: () => Math.max(0, now() - currentAt),
    stop: () => stopping.abort(),
  };
}

function keyOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal.addEventListener("abort", done, { once: true });
  });
}
