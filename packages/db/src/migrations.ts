import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One folder of prisma/migrations. */
export interface Migration {
  /** As `20261124000000_initial`: names sort by age. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file in hex, as Prisma writes it into `_prisma_migrations`. */
  readonly checksum: string;
}

/** A row of `_prisma_migrations`, the table by which Prisma's own `migrate deploy` knows what was done. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finishedAt: Date | null;
  readonly rolledBackAt: Date | null;
  readonly logs: string | null;
}

/** Where migrations and roles.sql are when nobody says otherwise: `prisma/` of this repository. */
export const PRISMA_FOLDER = fileURLToPath(new URL("../../../prisma", import.meta.url));

export function readMigrations(prismaFolder: string): Migration[] {
  const folder = join(prismaFolder, "migrations");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const file = join(folder, name, "migration.sql");
      if (!existsSync(file)) throw new MigrationRefused([`${name} has no migration.sql`]);
      const bytes = readFileSync(file);
      return { name, sql: bytes.toString("utf8"), checksum: createHash("sha256").update(bytes).digest("hex") };
    });
}

/** The database's history does not fit the folder. Nothing was changed. */
export class MigrationRefused extends Error {
  override readonly name = "MigrationRefused";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the database's migrations do not fit this version of Berth:\n  ${faults.join("\n  ")}`);
    this.faults = faults;
  }
}

/**
 * What is still to be applied. Pure.
 *
 * Refuses with every fault, each with the way out: a file that was changed after it was applied, a migration that the
 * database has and the folder lacks (a newer Berth ran here), one that failed half-way under another tool, and one that would
 * be applied out of order.
 */
export function planMigrations(
  folder: readonly Migration[],
  applied: readonly AppliedMigration[],
): { readonly pending: readonly Migration[]; readonly faults: readonly string[] } {
  const standing = applied.filter((row) => row.rolledBackAt === null);
  const faults: string[] = [];
  for (const row of standing) {
    const file = folder.find((one) => one.name === row.name);
    if (row.finishedAt === null) {
      const why = row.logs === null || row.logs === "" ? "" : ` (${row.logs.split("\n")[0]})`;
      faults.push(
        `${row.name} failed half-way under another tool${why}: mend the database, then mark it in _prisma_migrations`,
      );
    } else if (file === undefined) {
      faults.push(`${row.name} was applied, but is not in the folder: a newer version of Berth ran here, run that one`);
    } else if (file.checksum !== row.checksum) {
      faults.push(
        `${row.name} was changed after it was applied: put the file back as it was, and make the change in a new migration`,
      );
    }
  }
  const done = new Set(standing.map((row) => row.name));
  const last = [...done].sort().at(-1);
  const pending = folder.filter((one) => !done.has(one.name));
  for (const one of pending) {
    if (last !== undefined && one.name < last) {
      faults.push(`${one.name} is older than ${last}, which is applied already: give it a newer name`);
    }
  }
  return { pending, faults };
}
