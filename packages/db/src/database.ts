import type { Writable } from "node:stream";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import { createRetryBudget, type RetryBudget } from "./retry.ts";
import type { Sql } from "./sql.ts";
import { preparedName } from "./statement-name.ts";

export type DatabaseRole = "berth_migrator" | "berth_api" | "berth_operator" | "berth_worker";

export interface DatabaseOptions {
  /** `postgresql://login:password@host:port/database`. */
  readonly url: string;
  /** Taken on when a connection opens; the login must be a member. The login's own rights when absent. */
  readonly role?: DatabaseRole;
  /** Connections at most; 10 when absent. */
  readonly poolSize?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** How long one may wait for a connection, new or from the pool, before it fails. */
  readonly connectTimeoutMs?: number;
  /** Longest statement. */
  readonly statementTimeoutMs?: number;
  /** A transaction that does nothing for so long is ended by the server: it holds locks. */
  readonly idleInTransactionTimeoutMs?: number;
  /**
   * Statements are sent as they come, without waiting for the answers to those before. Errors stay with their own
   * statement. Not for Prisma's interactive transactions.
   */
  readonly pipeline?: boolean;
  /**
   * Statements are planned once a connection and not for each set of values: right where every statement finds its rows by
   * an index on what it is always given, as an organization and an id. Tables are not read as a whole where there is one.
   */
  readonly planOnce?: boolean;
  /** Told of idle connections that broke: the pool replaces them, nothing else is to be done. */
  readonly onIdleError?: (error: Error) => void;
}

/** One pool and what runs on it: SQL for hot paths, Prisma for the rest. */
export interface Database extends Sql {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly retryBudget: RetryBudget;
  /** Waits for connections in use. */
  close(): Promise<void>;
}

/** PostgreSQL's int8. As BigInt, because a number would lose digits in silence and text would compare as text. */
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8 && format !== "binary"
      ? (text: string) => BigInt(text)
      : pg.types.getTypeParser(oid, format as "text")) as pg.CustomTypesConfig["getTypeParser"],
};

/**
 * Opens the database: lazily, so that a process can start before its database does.
 *
 * Prisma and our own SQL share the one pool: two would need twice the connections, and starve each other unseen. Statements
 * are prepared once per connection (3 times as fast as parsing them each time). Behind PgBouncer that needs its version
 * 1.21 or later with `max_prepared_statements`, and `options` among `ignore_startup_parameters` with the role set on the
 * login instead (`ALTER ROLE login SET role = berth_api`).
 */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({ ...connectionOptions(options), max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 });
  // Without a listener, a connection that breaks while idle would end the process.
  pool.on("error", options.onIdleError ?? (() => {}));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    pool,
    prisma,
    retryBudget: createRetryBudget(),
    query: <Row extends object>(text: string, values: readonly unknown[] = []) => runPrepared<Row>(pool, text, values),
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** What a connection needs, of a pool or alone: role, timeouts, keepalive. */
export function connectionOptions(options: DatabaseOptions): pg.ClientConfig & pg.PoolConfig {
  const settings = [
    ...(options.role === undefined ? [] : [`role=${options.role}`]),
    // A plan that is kept may seem costly to the planner, and would be compiled each time: milliseconds for a row or two. And
    // one that was made while a table was new would go on reading all of it while it grows.
    ...(options.planOnce ? ["plan_cache_mode=force_generic_plan", "jit=off", "enable_seqscan=off"] : []),
  ];
  return {
    connectionString: options.url,
    ...(settings.length === 0 ? {} : { options: settings.map((one) => `-c ${one}`).join(" ") }),
    application_name: options.applicationName ?? "berth",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3000,
    statement_timeout: options.statementTimeoutMs ?? 10_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 10_000,
    pipeline: options.pipeline ?? false,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
}

/** Sends a statement on a connection. */
export type Turns = <T>(send: () => Promise<T>) => Promise<T>;

/**
 * How statements of one connection are sent: on one that pipelines at once, those of a moment in one packet (each would else
 * be a write of its own, a third of what a short request costs); on any other after the answer to the one before. Both keep
 * the order, so that work which sends several at once is the same on either.
 */
export function turnsOf(client: pg.PoolClient): Turns {
  const { pipeline, connection } = client as unknown as {
    readonly pipeline?: boolean;
    readonly connection: { readonly stream: Writable };
  };
  if (pipeline === true) {
    return (send) => {
      const { stream } = connection;
      stream.cork();
      queueMicrotask(() => stream.uncork());
      return send();
    };
  }
  let before: Promise<unknown> = Promise.resolve();
  return (send) => {
    const sent = before.then(send);
    before = sent.catch(() => {});
    return sent;
  };
}

export async function runPrepared<Row extends object>(
  on: pg.Pool | pg.PoolClient,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const result = await on.query<Row & pg.QueryResultRow>({ name: preparedName(text), text, values: [...values] });
  return result.rows;
}

/** Statements on one connection, as of a transaction that its caller began. */
export function sqlOn(client: pg.PoolClient): Sql {
  return {
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      runPrepared<Row>(client, text, values),
  };
}
