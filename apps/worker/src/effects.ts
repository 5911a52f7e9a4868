import { appendFileSync } from "node:fs";

/**
 * Every effect on the outside passes through here, under a name.
 *
 * The names are the points at which a crash must leave nothing behind: tests end the process `before` the call, when it
 * was `answered` and nothing is written yet, and when it is `recorded`. In production the observer does nothing.
 */
export type EffectPhase = "before" | "answered" | "recorded";

export interface EffectObserver {
  reached(effect: string, phase: EffectPhase): void;
}

/** Runs one named effect. `recorded` is reported by the caller's record step, through `observer.reached`. */
export async function runEffect<T>(observer: EffectObserver, effect: string, call: () => Promise<T>): Promise<T> {
  observer.reached(effect, "before");
  const answer = await call();
  observer.reached(effect, "answered");
  return answer;
}

/**
 * Ends this process with SIGKILL at one point: `effect:phase`, the n-th time it is reached (`effect:phase#2`).
 * For crash tests alone; set by BERTH_CRASH_AT.
 */
export function crashAt(point: string, kill: () => void): EffectObserver {
  const [name, count] = point.split("#");
  let left = Number(count ?? "1");
  return {
    reached: (effect, phase) => {
      if (`${effect}:${phase}` !== name) return;
      left -= 1;
      if (left === 0) kill();
    },
  };
}

/**
 * Appends each point to a file, a line each, the moment it is reached: how crash tests learn which points there are.
 * Set by BERTH_EFFECTS_FILE.
 */
export function listInto(file: string): EffectObserver {
  return { reached: (effect, phase) => appendFileSync(file, `${effect}:${phase}\n`) };
}

/** Tells all of them, in order. */
export function everyObserver(observers: readonly EffectObserver[]): EffectObserver {
  return {
    reached: (effect, phase) => {
      for (const observer of observers) observer.reached(effect, phase);
    },
  };
}
