import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import {
  type AppliedMigration,
  type Migration,
  MigrationRefused,
  PRISMA_FOLDER,
  planMigrations,
  readMigrations,
} from "./migrations.ts";

export interface MigrateOptions {
  /** A login that may create roles, or, when prisma/roles.sql was run already, one that is a member of berth_migrator. */
  readonly url: string;
  /** prisma/ of this repository when absent. */
  readonly prismaFolder?: string;
  readonly onProgress?: (step: MigrateProgress) => void;
}

export type MigrateProgress =
  | { readonly kind: "waiting_for_lock" }
  | { readonly kind: "applying"; readonly name: string }
  | { readonly kind: "applied"; readonly name: string; readonly ms: number };

export interface MigrateAnswer {
  /** What this run applied, oldest first. */
  readonly applied: readonly string[];
}

/** A migration's SQL failed. It was rolled back as a whole; those before it stay. */
export class MigrationFailed extends Error {
  override readonly name = "MigrationFailed";
}

/** The number that Prisma's own tool locks, so that it and we exclude each other. */
const ADVISORY_LOCK = 72707369;
const LOCK_WAIT_MS = 60_000;

/**
 * Brings the database to the state of the migrations folder: roles, then each migration that it lacks.
 *
 * Safe to repeat and to start several times at once: the second waits, then finds nothing to do. Each migration is one
 * transaction with its row in `_prisma_migrations` (Prisma's table, format and checksums), so it is there as a whole or not
 * at all. Statements that cannot be in a transaction (CREATE INDEX CONCURRENTLY) are therefore not possible.
 *
 * Throws MigrationRefused when history and folder differ, MigrationFailed when SQL fails. Why not Prisma's engine: ADR 0006.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateAnswer> {
  const folder = options.prismaFolder ?? PRISMA_FOLDER;
  const migrations = readMigrations(folder);
  return withSession(options.url, async (client) => {
    await takeLock(client, options.onProgress);
    await client.query(readFileSync(join(folder, "roles.sql"), "utf8"));
    await client.query("set role berth_migrator");
    await client.query(CREATE_TABLE);
    const { pending, faults } = planMigrations(migrations, await readApplied(client));
    if (faults.length > 0) throw new MigrationRefused(faults);
    for (const migration of pending) await apply(client, migration, options.onProgress);
    return { applied: pending.map((migration) => migration.name) };
  });
}

export interface MigrationStatus {
  readonly applied: readonly { readonly name: string; readonly finishedAt: Date | null }[];
  readonly pending: readonly string[];
  readonly faults: readonly string[];
}

/** What is applied, what is not, and what does not fit. Changes nothing. */
export function migrationStatus(options: Omit<MigrateOptions, "onProgress">): Promise<MigrationStatus> {
  const migrations = readMigrations(options.prismaFolder ?? PRISMA_FOLDER);
  return withSession(options.url, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      "select to_regclass('_prisma_migrations') is not null as exists",
    );
    const applied = rows[0]?.exists === true ? await readApplied(client) : [];
    const { pending, faults } = planMigrations(migrations, applied);
    return {
      applied: applied.filter((row) => row.rolledBackAt === null),
      pending: pending.map((migration) => migration.name),
      faults,
    };
  });
}

async function withSession<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "berth-db",
    connectionTimeoutMillis: 5000,
    // Never wait long for a lock that somebody's query holds: everything else would queue behind us.
    lock_timeout: 5000,
    types: { getTypeParser: pg.types.getTypeParser },
  });
  client.on("error", () => {}); // Whatever is under way fails with it.
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end(); // Gives the lock back.
  }
}

async function takeLock(client: pg.Client, onProgress: MigrateOptions["onProgress"]): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (let told = false; ; told = true) {
    const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [
      ADVISORY_LOCK,
    ]);
    if (rows[0]?.taken === true) return;
    if (performance.now() > deadline)
      throw new Error("another migration has been running for a minute: try again when it ends");
    if (!told) onProgress?.({ kind: "waiting_for_lock" });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const CREATE_TABLE = `
create table if not exists _prisma_migrations (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`;

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `select migration_name as name, checksum, finished_at as "finishedAt", rolled_back_at as "rolledBackAt", logs
       from _prisma_migrations order by started_at`,
  );
  return rows;
}

async function apply(client: pg.Client, migration: Migration, onProgress: MigrateOptions["onProgress"]): Promise<void> {
  onProgress?.({ kind: "applying", name: migration.name });
  const startedAt = performance.now();
  await client.query("begin");
  try {
    // Without values the text goes as a whole, so that function bodies keep their semicolons.
    await client.query(migration.sql);
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw new MigrationFailed(`${migration.name} failed and was rolled back: ${describe(error, migration.sql)}`, {
      cause: error,
    });
  }
  onProgress?.({ kind: "applied", name: migration.name, ms: Math.round(performance.now() - startedAt) });
}

/** What the server said, and the line of the file that it points at. */
function describe(error: unknown, sql: string): string {
  const { message, position, hint } = error as { message?: string; position?: string; hint?: string };
  const line = position === undefined ? "" : ` (line ${sql.slice(0, Number(position)).split("\n").length})`;
  return `${message ?? String(error)}${line}${hint === undefined ? "" : `. ${hint}`}`;
}
