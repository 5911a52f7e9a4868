import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StateFile<T> {
  /** What was saved last; undefined when nothing was. Throws when the file cannot be read as JSON. */
  load(): T | undefined;
  /** Saves soon: many changes in a row become one write. */
  touch(): void;
  /** Saves now, when something changed since the last time, and stops. */
  close(): void;
}

/**
 * Keeps a value in one file of a folder, replaced whole by a rename: a crash leaves the old or the new content, never a
 * half of each. The folder may hold secrets of the simulated world, so only its owner may read it.
 */
export function createStateFile<T>(folder: string, name: string, current: () => T, delayMs = 500): StateFile<T> {
  const path = join(folder, name);
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  let lastedMs = 0;

  const save = (): void => {
    timer = undefined;
    if (!dirty) return;
    dirty = false;
    const startedAt = performance.now();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(current()), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    lastedMs = performance.now() - startedAt;
  };
  return {
    load: () => {
      try {
        return JSON.parse(readFileSync(path, "utf8")) as T;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new Error(`the saved simulated world cannot be read: ${path}`, { cause: error });
      }
    },
    touch: () => {
      dirty = true;
      // A large world is saved more seldom, so that saving never takes more than a twentieth of the time.
      timer ??= setTimeout(save, Math.max(delayMs, 20 * lastedMs)).unref();
    },
    close: () => {
      clearTimeout(timer);
      save();
    },
  };
}
