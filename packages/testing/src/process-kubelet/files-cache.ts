import type { ApiClient } from "./api-client.ts";
import { follow } from "./follow.ts";
import type { FilesObject } from "./objects.ts";

export type FilesKind = "configmaps" | "secrets";

/** A ConfigMap or Secret that a pod's volume shows, kept up to date. */
export interface WatchedFiles {
  /** Undefined while nothing is known, null when there is none of that name. */
  current(): FilesObject | null | undefined;
  release(): void;
}

/**
 * Watches each ConfigMap and Secret that pods of this node mount, once, however many pods do.
 *
 * One watch an object, by name: the node authorizer lets a kubelet see no others.
 */
export interface FilesCache {
  use(kind: FilesKind, namespace: string, name: string, onChange: () => void): WatchedFiles;
  close(): void;
}

interface Entry {
  object: FilesObject | null | undefined;
  readonly listeners: Set<() => void>;
  readonly over: AbortController;
}

export function filesCache(api: ApiClient, onTrouble: (message: string) => void): FilesCache {
  const entries = new Map<string, Entry>();

  const open = (kind: FilesKind, namespace: string, name: string): Entry => {
    const entry: Entry = { object: undefined, listeners: new Set(), over: new AbortController() };
    const set = (object: FilesObject | null) => {
      entry.object = object;
      for (const listener of entry.listeners) listener();
    };
    void follow<FilesObject>(
      api,
      `/api/v1/namespaces/${namespace}/${kind}`,
      { fieldSelector: `metadata.name=${name}` },
      {
        onPresent: set,
        onGone: () => set(null),
        onListed: () => {
          if (entry.object === undefined) set(null);
        },
        onTrouble,
      },
      entry.over.signal,
    );
    return entry;
  };

  return {
    use: (kind, namespace, name, onChange) => {
      const key = `${kind}/${namespace}/${name}`;
      const entry = entries.get(key) ?? open(kind, namespace, name);
      entries.set(key, entry);
      const listener = () => onChange();
      entry.listeners.add(listener);
      return {
        current: () => entry.object,
        release: () => {
          entry.listeners.delete(listener);
          if (entry.listeners.size > 0) return;
          entry.over.abort();
          if (entries.get(key) === entry) entries.delete(key);
        },
      };
    },
    close: () => {
      for (const entry of entries.values()) entry.over.abort();
      entries.clear();
    },
  };
}
