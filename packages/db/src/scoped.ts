import type { ClusterId, OrganizationId, ProjectId } from "@berth/domain";
import type pg from "pg";
import { type Database, runPrepared, turnsOf } from "./database.ts";
import { retryConflicts } from "./retry.ts";
import type { Sql, Tx } from "./sql.ts";
import { ATTEMPTS, type PrismaTx, type TransactionOptions, transaction, withTransaction } from "./transaction.ts";

/**
 * The second wall between tenants.
 *
 * Every statement of a tenant's request runs in a transaction that first says whose it is; row-level security shows it that
 * organization's rows alone, whatever its WHERE says. The setting ends with the transaction, so a connection that goes back
 * to the pool belongs to nobody, and a statement that was sent past this file sees nothing at all.
 *
 * On a pipelining connection a read is one round trip: begin, set, select and commit leave together. So do a change's audit
 * row and its commit.
 */

/** What a caller's statements may see. Empty lists: all of the organization. */
export interface Reach {
  readonly organizationId: OrganizationId;
  readonly projectIds: readonly ProjectId[];
  readonly clusterIds: readonly ClusterId[];
}

/** Statements that are held to somebody's reach, each in a transaction of its own or several in one. */
export interface ScopedDatabase<T extends Tx = Tx> extends Sql {
  /** As `sqlTransaction`: `work` may run several times, and does nothing but statements. */
  transaction<R>(work: (tx: T) => Promise<R>, options?: TransactionOptions): Promise<R>;
}

const SET = `select set_config('berth.organization_id', $1, true), set_config('berth.project_ids', $2, true),
  set_config('berth.cluster_ids', $3, true)`;

/** The database as one tenant sees it. `db` is opened as berth_api, with `pipeline`. */
export function tenantDatabase(db: Database, reach: Reach): ScopedDatabase {
  const settings = [reach.organizationId, reach.projectIds.join(","), reach.clusterIds.join(",")];
  return {
    query: (text, values = []) => readAlone(db.pool, settings, text, values),
    transaction: (work, options = {}) =>
      retryConflicts(db.retryBudget, options.attempts ?? ATTEMPTS, () =>
        withTransaction(
          db.pool,
          options,
          (tx) => work(tx),
          (client, turn) => turn(() => runPrepared(client, SET, settings)),
        ),
      ),
  };
}

/** The database as the platform's own people see it: across tenants, with Prisma. `db` is opened as berth_operator. */
export type OperatorDatabase = Database & ScopedDatabase<PrismaTx>;

export function operatorDatabase(db: Database): OperatorDatabase {
  return { ...db, transaction: (work, options) => transaction(db, work, options) };
}

/** Sends begin, the settings, the statement and commit at once; gives the statement's rows, or throws the first error. */
async function readAlone<Row extends object>(
  pool: pg.Pool,
  settings: readonly unknown[],
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const noteBroken = (error: Error) => {
    broken = error;
  };
  client.on("error", noteBroken);
  try {
    const turn = turnsOf(client);
    const begun = turn(() => client.query("begin read only"));
    const set = turn(() => runPrepared(client, SET, settings));
    const answer = turn(() => runPrepared<Row>(client, text, values));
    const ended = turn(() => client.query("commit"));
    // All are waited for: the connection is given back only when nothing of ours is under way on it.
    const outcomes = await Promise.allSettled([begun, set, answer, ended]);
    const failed = outcomes.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return await answer;
  } finally {
    client.removeListener("error", noteBroken);
    client.release(broken);
  }
}
