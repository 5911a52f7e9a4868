import { migrate, migrationStatus } from "./migrate.ts";

const USAGE = `berth-db <command>

  migrate   make the roles and apply the migrations that the database lacks
  status    what is applied and what is not; ends with 3 when something is

The database is DATABASE_URL: a login that may create roles, or a member of berth_migrator.`;

/** The database's own command: what a migration job runs before the API and the worker start. Gives the exit code. */
export async function main(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const [command, ...rest] = args;
  if (rest.length > 0 || (command !== "migrate" && command !== "status")) {
    console.error(USAGE);
    return command === "help" || command === "--help" ? 0 : 2;
  }
  const url = env.DATABASE_URL;
  if (url === undefined || url === "") {
    console.error("DATABASE_URL is not set");
    return 2;
  }
  try {
    return command === "migrate" ? await runMigrate(url) : await runStatus(url);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function runMigrate(url: string): Promise<number> {
  const { applied } = await migrate({
    url,
    onProgress: (step) => {
      if (step.kind === "waiting_for_lock") console.log("another migration is running, waiting for it");
      if (step.kind === "applied") console.log(`applied ${step.name} in ${step.ms} ms`);
    },
  });
  if (applied.length === 0) console.log("nothing to do");
  return 0;
}

async function runStatus(url: string): Promise<number> {
  const status = await migrationStatus({ url });
  for (const one of status.applied) console.log(`applied  ${one.name}`);
  for (const name of status.pending) console.log(`pending  ${name}`);
  for (const fault of status.faults) console.error(fault);
  if (status.faults.length > 0) return 1;
  return status.pending.length > 0 ? 3 : 0;
}
