import type { Pool, PoolClient } from "pg";
import { createRetryBudget, retryConflicts } from "../retry.ts";
import type { Tx } from "../sql.ts";
import { withTransaction } from "../transaction.ts";
import type { HeldLease } from "./types.ts";

/** The lease has expired or another holder has it: what was read is stale, and nothing of it may be written. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(lease: HeldLease) {
    super(`lease ${lease.name} is not held any more (epoch ${lease.epoch})`);
  }
}

const ATTEMPTS = 8;
/** Of all loops of the process. */
const budget = createRetryBudget();

/**
 * Runs statements in one transaction that holds a share lock on the lease's row: a later holder cannot take over before it
 * ends, so no write of an older epoch ever lands after one of a newer. Throws LeaseLost before anything is written.
 */
export function fenced<T>(pool: Pool, lease: HeldLease, work: (client: PoolClient, tx: Tx) => Promise<T>): Promise<T> {
  return retryConflicts(budget, ATTEMPTS, () =>
    withTransaction(pool, {}, async (tx, client) => {
      const held = await client.query(
        "select 1 from lease where name = $1 and holder = $2 and epoch = $3 and expires_at > now() for share",
        [lease.name, lease.holder, lease.epoch.toString()],
      );
      if (held.rowCount !== 1) throw new LeaseLost(lease);
      return work(client, tx);
    }),
  );
}
