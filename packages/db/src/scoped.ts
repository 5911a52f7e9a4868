import type { ClusterId, OrganizationId, ProjectId } from "@berth/domain";
import type pg from "pg";
import { type Database, runPrepared } from "./database.ts";
import { retryConflicts } from "./retry.ts";
import { scopedRead } from "./scoped-read.ts";
import type { Sql, Tx } from "./sql.ts";
import { ATTEMPTS, type PrismaTx, type TransactionOptions, transaction, withTransaction } from "./transaction.ts";

/**
 * The second wall between tenants.
 *
 * Every statement of a tenant's request runs in a transaction that first says whose it is; row-level security shows it that
 * organization's rows alone, whatever its WHERE says. The setting ends with the transaction, so a connection that goes back
 * to the pool belongs to nobody, and a statement that was sent past this file sees nothing at all.
 *
 * A read is one message: its settings and itself are one implicit transaction (see scoped-read.ts). On a pipelining connection
 * a change's audit row and its commit leave together.
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

const SET_TO_READ = `${SET}, set_config('transaction_read_only', 'on', true)`;

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

/** As a transaction of its own that changes nothing. */
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
    if (!prepared.has(client)) {
      // Alone it sets nothing: its transaction ends with it.
      await runPrepared(client, SET_TO_READ, settings);
      prepared.add(client);
    }
    return await scopedRead<Row>(client, { text: SET_TO_READ, values: settings }, { text, values });
  } finally {
    client.removeListener("error", noteBroken);
    client.release(broken);
  }
}

/** Connections that know SET_TO_READ. */
const prepared = new WeakSet<pg.PoolClient>();
