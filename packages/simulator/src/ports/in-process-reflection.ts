import type { KubernetesObject, Reflection, WatchEvent } from "@berth/ports";
import type { SimulationClock } from "../clock.ts";
import type { ApiResponse } from "../kubernetes/request.ts";
import type { WatchStream } from "../kubernetes/watch-hub.ts";

export interface ReflectionSource {
  list(): { readonly items: readonly KubernetesObject[]; readonly resourceVersion: string };
  watch(resourceVersion: string): ApiResponse;
}

const RETRY_MS = 1_000;
/** A watch that said nothing for so long, not even a bookmark, is taken for dead. */
const SILENCE_MS = 90_000;

const keyOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

/**
 * A local copy on the simulation's clock: list, watch, and after any end a new list whose differences are told. It never
 * drops what it has before the next list has come.
 */
export function inProcessReflection<T extends KubernetesObject>(
  source: ReflectionSource,
  clock: SimulationClock,
  onEvent: (event: WatchEvent<T>) => void,
): Reflection<T> {
  const items = new Map<string, T>();
  let currentAt = clock.now();
  let stopped = false;
  let stream: WatchStream | undefined;
  let cancelTimer = (): void => {};
  let announceReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    announceReady = resolve;
  });

  const put = (object: T): void => {
    const before = items.get(keyOf(object));
    items.set(keyOf(object), object);
    if (before === undefined) onEvent({ type: "added", object });
    else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) onEvent({ type: "changed", object });
  };
  const take = (object: T): void => {
    if (items.delete(keyOf(object))) onEvent({ type: "removed", object });
  };
  const later = (delayMs: number, run: () => void): void => {
    cancelTimer();
    cancelTimer = clock.schedule(delayMs, run);
  };

  const relist = (): void => {
    if (stopped) return;
    let resourceVersion: string;
    try {
      const listed = source.list();
      resourceVersion = listed.resourceVersion;
      const seen = new Set(listed.items.map(keyOf));
      for (const object of [...items.values()]) if (!seen.has(keyOf(object))) take(object);
      for (const object of listed.items) put(object as T);
    } catch {
      later(RETRY_MS, relist);
      return;
    }
    currentAt = clock.now();
    announceReady();
    follow(resourceVersion);
  };

  const follow = (resourceVersion: string): void => {
    const answer = source.watch(resourceVersion);
    const opened = answer.watch;
    if (opened === undefined || answer.dropped) {
      later(RETRY_MS, relist);
      return;
    }
    stream = opened;
    const over = (): void => {
      if (stream !== opened) return;
      opened.close();
      stream = undefined;
      later(RETRY_MS, relist);
    };
    const heard = (): void => {
      currentAt = clock.now();
      later(SILENCE_MS, over);
    };
    heard();
    opened.open({
      event: ({ type, object }) => {
        if (stopped || stream !== opened) return;
        if (type === "ERROR") return over();
        heard();
        if (type === "ADDED" || type === "MODIFIED") put(object as T);
        else if (type === "DELETED") take(object as T);
      },
      end: over,
    });
  };

  relist();
  return {
    ready,
    items: () => [...items.values()],
    ageMs: () => clock.now() - currentAt,
    stop: () => {
      stopped = true;
      cancelTimer();
      stream?.close();
    },
  };
}
