import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Api, ApiConfig } from "@berth/api";
import { createClient } from "@berth/client";
import { createDatabase, importOfferings, migrate } from "@berth/db";
import { createCleanup } from "./cleanup.ts";
import type { DataFolder } from "./data-folder.ts";
import { DevFailure } from "./dev-failure.ts";
import { type Guardian, startGuardian } from "./guardian.ts";
import { openInstallation } from "./installation.ts";
import { openLogFile } from "./log-file.ts";
import type { DevOptions } from "./options.ts";
import { type RunningPostgres, startPostgres } from "./postgres.ts";
import type { ReadyLine } from "./ready-line.ts";
import { seedFleet } from "./seed/fleet.ts";
import { registerKube } from "./seed/kube.ts";
import { offeringsOf } from "./seed/offerings.ts";
import { seedTenants } from "./seed/tenants.ts";
import type { World, WorldOptions } from "./world/world.ts";

export interface StartOptions {
  readonly options: DevOptions;
  readonly folder: DataFolder;
  /** Tells people what goes on. */
  readonly tell: (text: string) => void;
  /** Aborted when nobody wants it any more. */
  readonly stopped: AbortSignal;
}

export interface RunningBerth {
  readonly line: ReadyLine;
  /** Stops everything, in the order opposite to the start. */
  close(): Promise<void>;
}

const VOLUME_GRACE_MS = 3_600_000;
/** Wide: one person at one machine. The worker runs in this process too, so a late event loop says little of the API. */
const LIMITS = {
  perKeyAMinute: 60_000,
  failuresPerAddressAMinute: 60_000,
  inFlight: { requests: 1000, waits: 500, files: 50 },
};
/** A dev that was killed leaves leases behind: its successor waits so long for them. */
const LEASE_TTL_MS = 10_000;

/** Starts everything in this process but PostgreSQL, which is a child. Stops what it started when a later part fails. */
export async function startBerth({ options, folder, tell, stopped }: StartOptions): Promise<RunningBerth> {
  const cleanup = createCleanup();
  try {
    const installation = openInstallation(folder);
    const key = Buffer.from(installation.wrappingKey, "base64");
    const pepper = Buffer.from(installation.pepper, "base64");
    const logger = openLogFile(folder.path, cleanup);
    const guardian = startGuardian();
    cleanup.add(() => guardian.dismiss());

    // What is a process of its own starts first; meanwhile this one loads API and worker, which takes seconds.
    const [postgres, world, { startApi, makeApiKey }, { startWorker }] = await allOrNothing([
      startServer(folder, installation.superuserPassword, guardian).then((started) => {
        cleanup.add(() => started.stop());
        return started;
      }),
      openWorld(options, { folder, guardian, tell }).then((opened) => {
        cleanup.add(() => opened.close());
        return opened;
      }),
      import("@berth/api"),
      import("@berth/worker"),
    ]);
    // Not earlier: loading blocks this process, on a slow machine for longer than a connection may take to open.
    const databaseUrl = await prepareDatabase(postgres, installation.superuserPassword);
    const tenants = await seedTenants(databaseUrl, folder, () => makeApiKey(pepper), { all: options.seedFleet });
    await seedOfferings(databaseUrl, world);
    tell(`PostgreSQL and ${options.real ? "the real parts" : "the simulated cloud"} run.`);

    const common = { databaseUrl, key, logger, logLevel: logger.level };
    const api = await listen(startApi, {
      ...common,
      pepper,
      host: "127.0.0.1",
      port: options.port,
      poolSize: 20,
      volumeGraceMs: VOLUME_GRACE_MS,
      limits: LIMITS,
      simulated: true,
    });
    cleanup.add(() => api.close());
    const operator = createClient({ baseUrl: api.url, apiKey: tenants.operatorKey });
    await registerKube(operator, world.kube, { databaseUrl, key });

    const worker = await startWorker({
      ...common,
      queue: { kind: "postgres", url: databaseUrl },
      environment: "dev",
      leaseTtlMs: LEASE_TTL_MS,
      ec2: world.ec2,
      prices: {
        pricingEndpoint: world.ec2.endpoint,
        savingsPlansEndpoint: world.ec2.endpoint,
        credentials: world.ec2.credentials,
      },
      // A day's reading would put the simulated list in the place of a file that somebody tries out.
      priceReading: "on_request",
      rebalance: options.real ? "off" : "simulated",
    });
    cleanup.add(() => worker.close());
    tell("API and worker run.");

    if (options.seedFleet) {
      const customers = tenants.customerKeys.map((apiKey) => createClient({ baseUrl: api.url, apiKey }));
      await seedFleet({ tenants: customers, operator, region: world.kube.region, tell, stopped });
    }
    const line = { api_url: api.url, operator_key: tenants.operatorKey, customer_key: tenants.customerKeys[0] };
    return { line, close: () => cleanup.run() };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

/** The simulated cloud, or the real parts; only the one that was asked for is loaded. */
async function openWorld({ real }: DevOptions, world: WorldOptions): Promise<World> {
  if (real) return (await import("./world/real-world.ts")).openRealWorld(world);
  return (await import("./world/simulated-world.ts")).openSimulatedWorld(world);
}

/** Waits for all even when one fails: what the others started must be known before it is stopped. */
async function allOrNothing<T extends readonly Promise<unknown>[]>(
  parts: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(parts);
  return (await Promise.all(parts)) as { -readonly [K in keyof T]: Awaited<T[K]> };
}

function startServer(folder: DataFolder, superuserPassword: string, guardian: Guardian): Promise<RunningPostgres> {
  const path = join(folder.path, "postgres");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return startPostgres({ folder: path, superuserPassword, guardian });
}

/** Our database, made when it is not there and brought up to date; gives its address for the superuser. */
async function prepareDatabase(postgres: RunningPostgres, superuserPassword: string): Promise<string> {
  const urlOf = (database: string) => postgres.urlOf("postgres", superuserPassword, database);
  await createDatabaseOnce(urlOf("postgres"), "berth");
  await migrate({ url: urlOf("berth") });
  return urlOf("berth");
}

async function createDatabaseOnce(url: string, name: string): Promise<void> {
  const maintenance = createDatabase({ url, poolSize: 1 });
  try {
    const rows = await maintenance.query("select 1 as there from pg_database where datname = $1", [name]);
    // Not a prepared statement: CREATE DATABASE takes no values, and the name is ours.
    if (rows.length === 0) await maintenance.pool.query(`create database ${name}`);
  } finally {
    await maintenance.close();
  }
}

async function seedOfferings(databaseUrl: string, { kube }: World): Promise<void> {
  const { loadAwsCatalogue } = await import("@berth/simulator");
  const database = createDatabase({ url: databaseUrl, role: "berth_migrator", poolSize: 1 });
  try {
    await importOfferings(database, offeringsOf(loadAwsCatalogue(), kube.region, kube.zones));
  } finally {
    await database.close();
  }
}

async function listen(startApi: (config: ApiConfig) => Promise<Api>, config: ApiConfig): Promise<Api> {
  try {
    return await startApi(config);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw portTaken(config.port);
  }
}

export function portTaken(port: number): DevFailure {
  return new DevFailure(
    `port ${port} of 127.0.0.1 is taken. Choose another: npm run dev -- --port PORT (0: any free one)`,
  );
}
