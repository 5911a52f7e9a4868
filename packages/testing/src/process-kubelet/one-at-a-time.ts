import { setTimeout as pause } from "node:timers/promises";
import type { KubeObject } from "./objects.ts";

const RETRY_MS = 500;

/**
 * Acts on the newest version of each object, once at a time for each, and again after a failure. What comes while an action
 * runs is acted on after it, so that no change is missed and none is handled twice at once.
 */
export function oneAtATime<T extends KubeObject>(
  act: (object: T) => Promise<void>,
  signal: AbortSignal,
  onTrouble: (object: T, error: unknown) => void,
): { present(object: T): void; gone(object: T): void } {
  const newest = new Map<string, T>();
  const busy = new Set<string>();
  const known = new Set<string>();

  const work = async (uid: string): Promise<void> => {
    busy.add(uid);
    for (let object = newest.get(uid); object !== undefined && !signal.aborted; object = newest.get(uid)) {
      newest.delete(uid);
      try {
        await act(object);
      } catch (error) {
        if (signal.aborted) break;
        onTrouble(object, error);
        if (known.has(uid) && !newest.has(uid)) newest.set(uid, object);
        await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    busy.delete(uid);
  };

  return {
    present: (object) => {
      const { uid } = object.metadata;
      known.add(uid);
      newest.set(uid, object);
      if (!busy.has(uid)) void work(uid);
    },
    gone: ({ metadata }) => {
      known.delete(metadata.uid);
      newest.delete(metadata.uid);
    },
  };
}
