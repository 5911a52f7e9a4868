import type { Pool, PoolClient } from "pg";
import { type Origin, startCounting, startTrail, statementsOf } from "./audit-trail.ts";
import { type Database, runPrepared, type Turns, turnsOf } from "./database.ts";
import type { Prisma } from "./generated/client.ts";
import { retryConflicts } from "./retry.ts";
import type { Statement, Tx } from "./sql.ts";

export interface TransactionOptions {
  /** Read committed when absent: what must hold against others is held by locks and constraints. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  /** Tries when it loses against other transactions; 8 when absent. */
  readonly attempts?: number;
  /** Whose request it is: for its audit rows. */
  readonly origin?: Origin;
  /** Lets `countChangedRows` tell what it has changed. */
  readonly countsChanges?: boolean;
}

/** The connection broke while COMMIT was under way: nobody knows whether it happened. Look before doing it again. */
export class CommitOutcomeUnknown extends Error {
  override readonly name = "CommitOutcomeUnknown";

  constructor(cause: unknown) {
    super("the connection broke during COMMIT", { cause });
  }
}

export const ATTEMPTS = 8;

/**
 * Runs `work` in one transaction, in SQL: some 2,000 a second where Prisma's interactive transactions reach 270.
 *
 * `work` may run several times (conflicts are retried), so it must do nothing but statements: no calls to the outside, no
 * changes to what is around it. A throw rolls back. So does a refusal that is thrown; one that is returned commits.
 */
export function sqlTransaction<T>(
  db: Database,
  work: (tx: Tx) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  return retryConflicts(db.retryBudget, options.attempts ?? ATTEMPTS, () =>
    withTransaction(db.pool, options, (tx) => work(tx)),
  );
}

/** Audit rows come last: whoever locks the end of a chain must have every other lock by then. */
function withEnd<T extends Omit<Tx, "trail" | "atEnd">>(origin: Origin | undefined, on: T) {
  const trail = startTrail(origin);
  const left: Statement[] = [];
  const tx = { ...on, trail, atEnd: (statement: Statement) => void left.push(statement) };
  return { tx, ending: (): readonly Statement[] => [...left, ...statementsOf(trail)] };
}

/**
 * Begin, work, commit on one connection, once. What `first` sends leaves together with the begin, what is left for the end
 * together with the commit. A connection that broke meanwhile is thrown away, not given back.
 */
export async function withTransaction<T>(
  pool: Pool,
  options: TransactionOptions,
  work: (tx: Tx, client: PoolClient) => Promise<T>,
  first: (client: PoolClient, turn: Turns) => Promise<unknown> = async () => {},
): Promise<T> {
  const { isolation } = options;
  const client = await pool.connect();
  let broken: Error | undefined;
  const noteBroken = (error: Error) => {
    broken = error;
  };
  // While it is ours, the pool does not listen: without this a server that ends the connection ends our process.
  client.on("error", noteBroken);
  const turn = turnsOf(client);
  try {
    const { tx, ending } = withEnd(options.origin, {
      inTransaction: true as const,
      query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
        turn(() => runPrepared<Row>(client, text, values)),
    });
    const begin = isolation === undefined ? "begin" : `begin isolation level ${isolation}`;
    await Promise.all([
      turn(() => client.query(begin)),
      first(client, turn),
      ...(options.countsChanges ? [startCounting(tx, tx.trail)] : []),
    ]);
    const answer = await work(tx, client);
    await end(
      ending().map(({ text, values }) => tx.query(text, values)),
      turn(() => commit(client)),
    );
    return answer;
  } catch (error) {
    await turn(() => client.query("rollback")).catch(noteBroken);
    throw error;
  } finally {
    client.removeListener("error", noteBroken);
    client.release(broken);
  }
}

/** Waits for what was sent last and the commit. When a last statement fails, the commit is answered with a rollback. */
async function end(statements: readonly Promise<unknown>[], commit: Promise<void>): Promise<void> {
  const [last, committed] = await Promise.allSettled([Promise.all(statements), commit]);
  // A broken connection fails both, and then only the commit's word counts: it may have happened.
  if (committed.status === "rejected" && committed.reason instanceof CommitOutcomeUnknown) throw committed.reason;
  if (last.status === "rejected") throw last.reason;
  if (committed.status === "rejected") throw committed.reason;
}

async function commit(client: PoolClient): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query("commit"));
  } catch (error) {
    // With an SQLSTATE the server itself refused: nothing is kept. Without, the answer never came.
    const state = (error as { code?: unknown }).code;
    if (typeof state === "string" && /^[0-9A-Z]{5}$/.test(state) && !state.startsWith("08") && !state.startsWith("57P"))
      throw error;
    throw new CommitOutcomeUnknown(error);
  }
  // A transaction in which a statement failed answers COMMIT with a quiet ROLLBACK.
  if (command === "ROLLBACK") throw new Error("a statement of the transaction failed and its error was swallowed");
}

/** Statements and model calls on one connection. */
export interface PrismaTx extends Tx {
  readonly prisma: Prisma.TransactionClient;
}

const PRISMA_ISOLATION = {
  "read committed": "ReadCommitted",
  "repeatable read": "RepeatableRead",
  serializable: "Serializable",
} as const;

/** Runs `work` in one Prisma transaction. The same rules as for `sqlTransaction`, whose functions can be called in it. */
export function transaction<T>(
  db: Database,
  work: (tx: PrismaTx) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const isolationLevel = PRISMA_ISOLATION[options.isolation ?? "read committed"];
  return retryConflicts(db.retryBudget, options.attempts ?? ATTEMPTS, () =>
    db.prisma.$transaction(
      async (prisma) => {
        const { tx, ending } = withEnd(options.origin, {
          inTransaction: true as const,
          prisma,
          query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
            prisma.$queryRawUnsafe<Row[]>(text, ...values),
        });
        if (options.countsChanges) await startCounting(tx, tx.trail);
        const answer = await work(tx);
        for (const { text, values } of ending()) await tx.query(text, values);
        return answer;
      },
      { isolationLevel, maxWait: 2000, timeout: 10_000 },
    ),
  );
}
