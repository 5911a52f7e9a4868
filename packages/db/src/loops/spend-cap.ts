import { err, ok, type PoolId, type Result } from "@berth/domain";
import type { PoolClient } from "pg";
import type { SpendCapReached } from "./types.ts";

/** Rolls the transaction back: what it added would overshoot a cap. */
class OverSpendCap extends Error {
  override readonly name = "OverSpendCap";

  readonly reached: Omit<SpendCapReached, "kind">;

  constructor(reached: Omit<SpendCapReached, "kind">) {
    super(
      `the machines of ${reached.poolId} would cost ${reached.spendMicroUsdPerHour} of ${reached.capMicroUsdPerHour}`,
    );
    this.reached = reached;
  }
}

/**
 * Reserves what was added in this transaction: throws when machines of a pool, those being launched and those being ended
 * with them, would cost more an hour than its cap. To be called after the statement that adds.
 *
 * The pools stay locked to the end of the transaction, so of two that add to one pool the later counts what the earlier
 * added: together they cannot overshoot either.
 */
export async function holdSpendCaps(client: PoolClient, poolIds: readonly PoolId[]): Promise<void> {
  if (poolIds.length === 0) return;
  const { rows } = await client.query<Omit<SpendCapReached, "kind">>(
    `select over_pool as "poolId", over_cap::float8 as "capMicroUsdPerHour", over_spend::float8 as "spendMicroUsdPerHour"
       from berth_hold_spend_caps($1::text[])`,
    [[...new Set(poolIds)]],
  );
  const [reached] = rows;
  if (reached !== undefined) throw new OverSpendCap(reached);
}

/** What a transaction that holds spend caps came to: a cap that was reached is an answer, and nothing was written. */
export async function withinSpendCaps(transaction: Promise<void>): Promise<Result<true, SpendCapReached>> {
  try {
    await transaction;
    return ok(true);
  } catch (error) {
    if (error instanceof OverSpendCap) return err({ kind: "spend_cap", ...error.reached });
    throw error;
  }
}
