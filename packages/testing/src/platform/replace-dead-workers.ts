import type { Platform } from "./start-platform.ts";

export interface Replacing {
  /** How each worker ended that was replaced. */
  ends(): readonly string[];
  stop(): void;
}

const LOOK_EVERY_MS = 25;

/**
 * Starts another worker whenever one has died: what a supervisor does. `environments` are those of the next ones in order;
 * after them come workers that nothing kills.
 */
export function replaceDeadWorkers(
  platform: Platform,
  environments: readonly Readonly<Record<string, string>>[] = [],
): Replacing {
  const ends: string[] = [];
  let stopped = false;
  const look = async () => {
    const end = platform.worker().ended();
    if (end !== undefined) {
      ends.push(end);
      await platform.restartWorker(environments[ends.length - 1] ?? {});
    }
    if (!stopped) timer = setTimeout(look, LOOK_EVERY_MS);
  };
  let timer = setTimeout(look, LOOK_EVERY_MS);
  return {
    ends: () => ends,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
