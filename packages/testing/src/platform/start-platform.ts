import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "@berth/api";
import { type Client, createClient } from "@berth/client";
import { createDatabase, type Database, migrate } from "@berth/db";
import type { KubeId } from "@berth/domain";
import { createDatabase as createTestDatabase } from "../postgres/create-database.ts";
import { startApiProcess } from "../processes/api-process.ts";
import type { RunningProcess } from "../processes/start-process.ts";
import { seedOfferings, seedOrganization } from "./seed.ts";
import { startWorkerProcess } from "./worker-process.ts";
import type { PlatformWorld } from "./world.ts";

export interface PlatformOptions {
  /** Kubernetes, cloud and engines. Not closed by the platform. */
  readonly world: PlatformWorld;
  /** A Redis; the queue is in PostgreSQL when absent. */
  readonly redisUrl?: string;
  /** Machine types that the pool may launch, the way AWS sells them. */
  readonly machineTypes?: readonly string[];
  readonly instancesPerMachine?: number;
  /** How long an empty machine stays; 1 s when absent. */
  readonly emptyAfterSeconds?: number;
  /** How long a killed worker keeps what it held; 1.5 s when absent. */
  readonly leaseTtlMs?: number;
  /** A PostgreSQL; the one of this vitest run when absent. */
  readonly postgresUrl?: string;
  /** The API runs in a process of its own, as in production; in this one, which starts faster, when absent. */
  readonly apiApart?: true;
  /** Of the first worker, besides what it needs. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

/** The whole product on a world: database, API, and the worker in a process of its own. */
export interface Platform {
  readonly world: PlatformWorld;
  readonly apiUrl: string;
  readonly customer: Client;
  readonly operator: Client;
  readonly customerKey: string;
  readonly kubeId: KubeId;
  /** As the superuser: tests look at every row. */
  readonly database: Database;
  readonly databaseUrl: string;
  /** Of logs and of whatever tests write. Gone after `stop`. */
  readonly folder: string;
  /** The newest. */
  worker(): RunningProcess;
  /** Ends the worker, if it still runs, as a crash would, and starts another. */
  restartWorker(env?: Readonly<Record<string, string>>): Promise<RunningProcess>;
  /** Starts another beside those that run. */
  addWorker(env?: Readonly<Record<string, string>>): Promise<RunningProcess>;
  stop(): Promise<void>;
}

const MACHINE_TYPES = ["m7i.large", "m7i.xlarge", "m7i.2xlarge"];

/** Starts everything on a database of its own. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { world } = options;
  const folder = mkdtempSync(join(tmpdir(), "berth-platform-"));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const test = await createTestDatabase({
      template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
      ...(options.postgresUrl === undefined ? {} : { serverUrl: options.postgresUrl }),
    });
    closers.push(() => test.drop());
    const database = createDatabase({ url: test.url, poolSize: 4 });
    closers.push(() => database.close());

    const pepper = randomBytes(32);
    const key = randomBytes(32);
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, `${key.toString("base64")}\n`, { mode: 0o600 });
    let apiUrl: string;
    if (options.apiApart) {
      const api = await startApiProcess({
        folder,
        env: {
          DATABASE_URL: test.url,
          BERTH_PEPPER: pepper.toString("base64"),
          BERTH_KEY_FILE: keyFile,
          BERTH_VOLUME_GRACE_HOURS: "1",
          BERTH_DATABASE_POOL: "10",
          LOG_LEVEL: "warn",
        },
      });
      closers.push(() => api.process.stop());
      apiUrl = api.url;
    } else {
      const api = await startApi({
        databaseUrl: test.url,
        pepper,
        key,
        host: "127.0.0.1",
        port: 0,
        volumeGraceMs: 3_600_000,
        poolSize: 10,
        simulated: true,
        logLevel: "warn",
      });
      closers.push(() => api.close());
      apiUrl = api.url;
    }

    const customerKey = await seedOrganization(database, pepper, { name: "acme", kind: "customer" });
    const operatorKey = await seedOrganization(database, pepper, { name: "berth", kind: "platform" });
    const machineTypes = options.machineTypes ?? MACHINE_TYPES;
    await seedOfferings(database, world.region, world.zones, machineTypes);
    const operator = createClient({ baseUrl: apiUrl, apiKey: operatorKey });
    const kubeId = await registerKube(operator, options, machineTypes);

    const workers: RunningProcess[] = [];
    const startWorker = async (env: Readonly<Record<string, string>>) => {
      const worker = await startWorkerProcess({
        folder,
        number: workers.length + 1,
        env: {
          DATABASE_URL: test.url,
          ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
          BERTH_KEY_FILE: keyFile,
          BERTH_ENVIRONMENT: "test",
          BERTH_LEASE_TTL_MS: String(options.leaseTtlMs ?? 1500),
          BERTH_EC2_ENDPOINT: world.ec2.endpoint,
          BERTH_PRICE_READING: "on_request",
          AWS_ACCESS_KEY_ID: world.ec2.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: world.ec2.credentials.secretAccessKey,
          ...env,
        },
      });
      workers.push(worker);
      return worker;
    };
    closers.push(() => Promise.all(workers.map((worker) => worker.kill())));
    const first = await startWorker(options.workerEnv ?? {});
    const newest = () => workers.at(-1) ?? first;
    return {
      world,
      apiUrl,
      customer: createClient({ baseUrl: apiUrl, apiKey: customerKey }),
      operator,
      customerKey,
      kubeId,
      database,
      databaseUrl: test.url,
      folder,
      worker: newest,
      restartWorker: async (env = {}) => {
        await newest().kill();
        return startWorker(env);
      },
      addWorker: (env = {}) => startWorker(env),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function registerKube(
  operator: Client,
  options: PlatformOptions,
  machineTypes: readonly string[],
): Promise<KubeId> {
  const { world } = options;
  const zones = [...world.zones];
  const kube = await operator.createKube({
    body: {
      name: "test",
      region: world.region,
      zones,
      kubeconfig: world.kubeconfig,
      storage_class: world.storageClass,
      simulated: true,
    },
  });
  await operator.createPool({
    body: {
      kube_id: kube.body.id,
      name: "default",
      zones,
      machine_types: [...machineTypes],
      instances_per_machine: options.instancesPerMachine ?? 8,
      empty_after_seconds: options.emptyAfterSeconds ?? 1,
      max_machines: 1000,
    },
  });
  return kube.body.id as KubeId;
}
