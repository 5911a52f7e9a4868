/** The loops that jobs may wake. A job carries an id and nothing else. */
export const LOOP_NAMES = [
  "clusters",
  "placement",
  "machines",
  "rebalance",
  "studies",
  "reservations",
  "purchases",
  "prices",
] as const;
export type LoopName = (typeof LOOP_NAMES)[number];

/** Adds "look at this id" hints. May lose, double or reorder them without harm. */
export interface QueueProducer {
  /** Idempotent while one is waiting; one more run follows when one is active. */
  add(loop: LoopName, id: string): Promise<void>;
  close(): Promise<void>;
}

export interface QueueConsumer {
  /** Stops taking jobs and waits for the running ones, at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export type JobRunner = (id: string, stopping: { readonly aborted: boolean }) => Promise<void>;
