import type { LoopName } from "@berth/ports";

/** A queue a loop: what a job is called there, and how long it is kept. */
export interface QueueEntry {
  /** Name of the queue in Redis or Postgres. */
  readonly queue: string;
  /** A job that runs longer without renewing its lock counts as stalled and is given to another worker. */
  readonly lockMs: number;
}

/**
 * All queues. A job is tried once: whether and when to look again stands in the row (`next_check_at`), not in the queue, so
 * a failed job is only forgotten, and its row is found by the sweep.
 */
export const QUEUES = {
  clusters: { queue: "clusters", lockMs: 60_000 },
  placement: { queue: "placement", lockMs: 60_000 },
  machines: { queue: "machines", lockMs: 60_000 },
} as const satisfies Record<LoopName, QueueEntry>;
