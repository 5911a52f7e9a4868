import { SERVER_URL_VARIABLE } from "./create-database.ts";
import { startThrowawayPostgres } from "./throwaway-postgres.ts";

/** Vitest's globalSetup: one PostgreSQL for the whole run, whichever of the projects need it. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[SERVER_URL_VARIABLE] !== undefined) return undefined; // Started for another project, or given.
  const server = await startThrowawayPostgres();
  process.env[SERVER_URL_VARIABLE] = server.url;
  return async () => {
    delete process.env[SERVER_URL_VARIABLE];
    await server.stop();
  };
}
