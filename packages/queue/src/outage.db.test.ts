import pg from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { outageCases } from "./testing/outage-cases.ts";
import { startThrowawayPostgres, waitFor } from "./testing/servers.ts";

describe("the queue, when PostgreSQL goes away", () => {
  // Its own server: ending it must not disturb the other tests.
  let server: Awaited<ReturnType<typeof startThrowawayPostgres>>;
  beforeAll(async () => {
    // Written through: what was committed before the crash, the tables of the queue among it, must be there after it.
    server = await startThrowawayPostgres({ fsync: true });
  });
  afterAll(() => server.stop());

  const empty = async () => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ tables: string }>(
        "select string_agg(format('bullmq.%I', tablename), ', ') as tables from pg_tables where schemaname = 'bullmq' and tablename <> 'migration'",
      );
      // A consumer at work takes its locks in another order: losing that deadlock, it is tried again.
      await waitFor(() => client.query(`truncate ${rows[0]?.tables}`), {
        timeoutMs: 10_000,
        what: "the tables to be emptied",
      });
    } finally {
      await client.end();
    }
  };

  for (const { name, run } of outageCases) {
    it(name, () => run({ kind: "postgres", url: server.url, empty }, server), 60_000);
  }
});
