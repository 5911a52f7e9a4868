/**
 * Time as the simulated world sees it.
 *
 * Every model takes its time from here, so one seed and one sequence of calls give one history:
 * on the virtual clock nothing happens between two steps, on the real clock the same code follows the wall.
 */
export interface SimulationClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it. Equal times run in the order scheduled. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** Follows the wall clock, `speed` times as fast (1 by default). Timers do not keep the process alive. */
export function realSimulationClock(speed = 1): SimulationClock {
  const startedAt = Date.now();
  return {
    now: () => startedAt + Math.round((Date.now() - startedAt) * speed),
    schedule: (delayMs, run) => {
      const timer = setTimeout(run, delayMs / speed);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

interface Timer {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Stands still until told to go on. */
export interface VirtualClock extends SimulationClock {
  /** Runs everything due within the next `durationMs`, in order, and ends exactly there. */
  advance(durationMs: number): void;
  /** Jumps to the next timer and runs it; false when none is left. */
  step(): boolean;
}

/** A clock for seeded simulation: time moves only by `advance` and `step`. */
export function virtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = startAt;
  let sequence = 0;
  let timers: Timer[] = [];

  const popDue = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.sequence < first.sequence)) {
        first = timer;
      }
    }
    if (first !== undefined) timers = timers.filter((timer) => timer !== first);
    return first;
  };

  return {
    now: () => now,
    schedule: (delayMs, run) => {
      const timer: Timer = { at: now + Math.max(0, delayMs), sequence: sequence++, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (durationMs) => {
      const end = now + durationMs;
      for (let timer = popDue(end); timer !== undefined; timer = popDue(end)) {
        now = Math.max(now, timer.at);
        timer.run();
      }
      now = end;
    },
    step: () => {
      const timer = popDue(Number.POSITIVE_INFINITY);
      if (timer === undefined) return false;
      now = Math.max(now, timer.at);
      timer.run();
      return true;
    },
  };
}
