import { appendFileSync } from "node:fs";
import type { EffectObserver } from "./effects.ts";

/**
 * Calls `strike` at one point: `effect:phase`, the n-th time it is reached (`effect:phase#2`).
 * For tests alone: the process ends itself there (BERTH_CRASH_AT), or freezes (BERTH_FREEZE_AT).
 */
export function strikeAt(point: string, strike: () => void): EffectObserver {
  const [name, count] = point.split("#");
  let left = Number(count ?? "1");
  return {
    reached: (effect, phase) => {
      if (`${effect}:${phase}` !== name) return;
      left -= 1;
      if (left === 0) strike();
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
