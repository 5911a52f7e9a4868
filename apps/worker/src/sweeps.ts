/** Work that no row asks for. */
export interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
}

/**
 * Runs each sweep at its pace, never twice at once, until stopped. A failure is told and the next turn tries again.
 *
 * Several workers may run the same sweep: each takes a lease of its own inside `run`.
 */
export function startSweeps(
  sweeps: readonly Sweep[],
  onError: (name: string, error: unknown) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();

  const turn = (sweep: Sweep) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const run = Promise.resolve()
        .then(() => sweep.run())
        .then(
          () => {},
          (error: unknown) => onError(sweep.name, error),
        )
        .finally(() => {
          running.delete(run);
          if (!stopped) turn(sweep);
        });
      running.add(run);
    }, sweep.everyMs);
    timers.add(timer);
  };
  for (const sweep of sweeps) turn(sweep);

  return {
    stop: async () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
