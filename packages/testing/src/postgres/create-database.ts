import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** What a fresh database starts as: made once per server, then copied. */
export interface DatabaseTemplate {
  /** The same name means the same content, for all test files of a run. */
  readonly name: string;
  /** Fills an empty database, for example by our migrations. Must close its connections. */
  readonly prepare: (url: string) => Promise<void>;
}

export interface TestDatabase {
  /** As the superuser. */
  readonly url: string;
  readonly name: string;
  /** Drops it, with whoever is still connected. */
  drop(): Promise<void>;
}

export interface CreateDatabaseOptions {
  /** Empty without one. */
  readonly template?: DatabaseTemplate;
  /** A server's url; the one of this vitest run (global-setup.ts) when absent. */
  readonly serverUrl?: string;
}

/**
 * Gives a database that nobody else has, some 30 ms after the first: PostgreSQL copies the template's files. One for each
 * test file, so that files run beside each other.
 */
export async function createDatabase(options: CreateDatabaseOptions = {}): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? serverOfThisRun();
  const name = `test_${randomBytes(6).toString("hex")}`;
  const { template } = options;
  await withClient(serverUrl, async (client) => {
    if (template === undefined) await client.query(`create database ${name}`);
    else await client.query(`create database ${name} template ${await ensureTemplate(client, serverUrl, template)}`);
  });
  return {
    url: urlOf(serverUrl, name),
    name,
    drop: () =>
      withClient(serverUrl, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  };
}

/** The environment variable by which global-setup.ts tells the workers of vitest where the server is. */
export const SERVER_URL_VARIABLE = "BERTH_TEST_POSTGRES_URL";

function serverOfThisRun(): string {
  const url = process.env[SERVER_URL_VARIABLE];
  if (url === undefined) {
    throw new Error("no PostgreSQL for this test: name the file x.db.test.ts, so that vitest's project `db` runs it");
  }
  return url;
}

/**
 * Makes the template unless it is there. Under a lock of the server, so that workers that start together make it once; and
 * under another name until it is whole, so that a prepare that failed leaves nothing that looks finished.
 */
async function ensureTemplate(client: Client, serverUrl: string, template: DatabaseTemplate): Promise<string> {
  const name = `template_${template.name}`;
  if (!/^[a-z0-9_]{1,60}$/.test(name)) throw new Error(`"${template.name}" is no name of a template: use a-z, 0-9, _`);
  await client.query("select pg_advisory_lock(hashtext($1))", [name]);
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) {
      const unfinished = `unfinished_${name}`.slice(0, 63);
      await client.query(`drop database if exists ${unfinished} with (force)`);
      await client.query(`create database ${unfinished}`);
      await template.prepare(urlOf(serverUrl, unfinished));
      await client.query(`alter database ${unfinished} rename to ${name}`);
    }
  } finally {
    await client.query("select pg_advisory_unlock(hashtext($1))", [name]);
  }
  return name;
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
