import { setTimeout as pause } from "node:timers/promises";
import type { ApiClient, Query } from "./api-client.ts";
import { ApiError } from "./api-client.ts";
import type { KubeObject } from "./objects.ts";

export interface Follower<T> {
  /** The object as it is now: listed, added or changed. */
  onPresent(object: T): void;
  onGone(object: T): void;
  /** After each complete list. */
  onListed?(): void;
  onTrouble?(message: string): void;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 3000;

/**
 * Keeps somebody told of all objects of a collection until the signal: list, watch, and list again whenever the watch ends,
 * for whatever reason. What went away between two lists is told as gone. Resolves when the signal is given.
 */
export async function follow<T extends KubeObject>(
  api: ApiClient,
  path: string,
  query: Query,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, T>();
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = await api.list<T>(path, query);
      if (signal.aborted) return;
      const uids = new Set(items.map((item) => item.metadata.uid));
      for (const [uid, object] of known) {
        if (uids.has(uid)) continue;
        known.delete(uid);
        follower.onGone(object);
      }
      for (const item of items) {
        if (known.get(item.metadata.uid)?.metadata.resourceVersion === item.metadata.resourceVersion) continue;
        known.set(item.metadata.uid, item);
        follower.onPresent(item);
      }
      follower.onListed?.();
      pauseMs = FIRST_PAUSE_MS;
      const watched = api.watch(path, { ...query, resourceVersion, allowWatchBookmarks: "true" }, signal);
      for await (const event of watched) {
        if (event.type === "BOOKMARK") continue;
        if (event.type === "ERROR") break; // As a rule 410: too old to go on from.
        const object = event.object as T;
        if (event.type === "DELETED") {
          known.delete(object.metadata.uid);
          follower.onGone(object);
        } else {
          known.set(object.metadata.uid, object);
          follower.onPresent(object);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      follower.onTrouble?.(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      // Forbidden may turn into allowed: the node authorizer learns of a pod's references a moment after the pod is bound.
      pauseMs = Math.min(error instanceof ApiError ? pauseMs * 1.5 : pauseMs * 2, MAX_PAUSE_MS);
    }
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
