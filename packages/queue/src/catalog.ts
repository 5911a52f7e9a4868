import type { LoopName } from "@berth/ports";

/** A queue a loop: what it is called in Redis or Postgres. */
export interface QueueEntry {
  readonly queue: string;
}

/**
 * All queues. A job is tried once: whether and when to look again stands in the row (`next_check_at`), not in the queue, so
 * a failed job is only forgotten, and its row is found by the sweep.
 */
export const QUEUES = {
  clusters: { queue: "clusters" },
  placement: { queue: "placement" },
  machines: { queue: "machines" },
  rebalance: { queue: "rebalance" },
  studies: { queue: "studies" },
  reservations: { queue: "reservations" },
  purchases: { queue: "purchases" },
  prices: { queue: "prices" },
} as const satisfies Record<LoopName, QueueEntry>;
