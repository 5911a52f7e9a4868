import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@berth/client";
import { createDatabase, type Database } from "@berth/db";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startThrowawayPostgres } from "../postgres/throwaway-postgres.ts";
import { type RunningProcess, startProcess } from "../processes/start-process.ts";
import { startRedis } from "../redis/start-redis.ts";
import {
  type ComposeService,
  copiesOf,
  type Instruction,
  interpolate,
  isIgnored,
  readCompose,
  readDockerfile,
} from "../repository/container-files.ts";
import { waitFor } from "../wait-for.ts";
import { seedOfferings, seedOrganization } from "./seed.ts";
import { type PlatformWorld, startPlatformWorld } from "./world.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const MACHINE_TYPES = ["m7i.large", "m7i.xlarge", "m7i.2xlarge"];
const run = promisify(execFile);

/**
 * docker-compose.yml without Docker: a folder with what the Dockerfile puts into the image, and each service's own command
 * in it, with the environment that the file gives it and nothing else. Not proved here: npm's install, and what the
 * container runtime does (read-only root, dropped capabilities, the network).
 */
const compose = readCompose();
const folder = mkdtempSync(join(tmpdir(), "berth-compose-"));
const image = join(folder, "berth");
const keys = join(folder, "keys");
const pepper = randomBytes(32);
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
/** Names of the network that compose makes, and where they are here. */
const addresses = new Map<string, string>();
let variables: Readonly<Record<string, string>>;
let world: PlatformWorld;
let owner: Database;

beforeAll(async () => {
  mkdirSync(keys);
  const [build = [], final = []] = readDockerfile();
  copy(build);
  linkModules();
  await run(process.execPath, [join(image, "scripts/generate.mjs")], { cwd: image });
  copy(final);

  const postgres = await startThrowawayPostgres();
  closers.push(() => postgres.stop());
  const redis = await startRedis();
  closers.push(() => redis.stop());
  world = await startPlatformWorld();
  closers.push(() => world.close());
  addresses.set("@postgres:5432", `@127.0.0.1:${postgres.port}`).set("redis://redis:6379", redis.url);
  variables = {
    POSTGRES_PASSWORD: "of0postgres",
    BERTH_API_DB_PASSWORD: "of0api",
    BERTH_WORKER_DB_PASSWORD: "of0worker",
    BERTH_PEPPER: pepper.toString("base64"),
    AWS_ACCESS_KEY_ID: world.ec2.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: world.ec2.credentials.secretAccessKey,
  };

  // As the server's own start script does with an empty volume.
  const { POSTGRES_DB: name = "" } = compose.services.postgres?.environment ?? {};
  const maintenance = createDatabase({ url: postgres.url, poolSize: 1 });
  await maintenance.pool.query(`create database ${name}`);
  await maintenance.close();
  owner = createDatabase({ url: postgres.url.replace(/\/postgres$/, `/${name}`), poolSize: 2 });
  closers.push(() => owner.close());
  await owner.pool.query(interpolate(compose.configs.logins?.content ?? "", variables));
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

test("the control plane of docker-compose.yml brings up a cluster and takes it away again", async () => {
  await runOnce("key");
  expect(statSync(join(keys, "wrapping")).mode & 0o777).toBe(0o600);
  await runOnce("migrate");
  await runOnce("migrate");

  // Ports of its own, and a cloud that costs nothing; all else is as the file says.
  const api = await start("api", { BERTH_API_PORT: "0", BERTH_METRICS_PORT: "0" });
  const worker = await start("worker", { BERTH_EC2_ENDPOINT: world.ec2.endpoint });
  const url = await waitFor(() => urlIn(api.logFile), { timeoutMs: 60_000, what: "the API to listen" });
  await waitFor(() => looksHealthy("api", url), { timeoutMs: 30_000, what: "the API's health check to pass" });

  await seedOfferings(owner, world.region, world.zones, MACHINE_TYPES);
  const customerKey = await seedOrganization(owner, pepper, { name: "acme", kind: "customer" });
  const operatorKey = await seedOrganization(owner, pepper, { name: "berth", kind: "platform" });
  const operator = createClient({ baseUrl: url, apiKey: operatorKey });
  const customer = createClient({ baseUrl: url, apiKey: customerKey });
  const { region, kubeconfig, storageClass } = world;
  const zones = [...world.zones];
  const kube = await operator.createKube({
    body: { name: "test", region, zones, kubeconfig, storage_class: storageClass, simulated: true },
  });
  await operator.createPool({
    body: { kube_id: kube.body.id, name: "default", zones, machine_types: MACHINE_TYPES, empty_after_seconds: 1 },
  });

  const created = await customer.createCluster({ body: { name: "logs", region, size: "1g", instances: 3 } });
  if (created.status !== 202) throw new Error(`create answered ${created.status}`);
  const params = { cluster_id: created.body.id };
  const isRunning = async () => (await customer.getCluster({ params })).body?.status.state === "running";
  await waitFor(isRunning, { timeoutMs: 120_000, what: "the cluster to run" });
  await customer.deleteCluster({ params, query: { purge: true, confirm: "logs" } });
  await waitFor(() => world.engines().length === 0, { timeoutMs: 60_000, what: "the cluster to go" });

  for (const one of [worker, api]) {
    await one.stop(20_000);
    expect(one.ended()).toBe("exit code 0");
  }
});

/** Carries out a stage's COPYs as docker does: of a folder what is in it, and nothing that .dockerignore names. */
function copy(stage: readonly Instruction[]): void {
  for (const { sources, target } of copiesOf(stage)) {
    for (const source of sources) {
      const from = join(ROOT, source);
      const isFolder = statSync(from).isDirectory();
      const to =
        isFolder || !target.endsWith("/") ? join(image, target) : join(image, target, source.split("/").at(-1) ?? "");
      cpSync(from, to, { recursive: true, filter: (path) => !isIgnored(path.slice(ROOT.length)) });
    }
  }
}

/** In place of npm ci, which takes minutes: the modules of this repository, and the workspaces of the image. */
function linkModules(): void {
  const modules = join(image, "node_modules");
  mkdirSync(join(modules, "@berth"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "@berth") symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(join(ROOT, "node_modules/@berth"))) {
    const workspace = realpathSync(join(ROOT, "node_modules/@berth", name)).slice(realpathSync(ROOT).length);
    symlinkSync(join(image, workspace), join(modules, "@berth", name));
  }
}

function serviceOf(name: string): ComposeService {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

/** What the file says, with its variables filled in, and its names and folders turned into ours. */
function here(value: string): string {
  let text = interpolate(value, variables).replaceAll("/keys", keys);
  for (const [theirs, ours] of addresses) text = text.replaceAll(theirs, ours);
  return text;
}

function environmentOf({ environment = {} }: ComposeService): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(value)]));
}

/** `node` as in the image is the Node that runs us, and its user is ours. */
function commandOf({ command = [] }: ComposeService): { readonly program: string; readonly args: string[] } {
  const [program = "", ...args] = command.map(here);
  const owned = args.map((arg) => arg.replaceAll("chown -R node ", `chown -R ${process.getuid?.()} `));
  return { program: program === "node" ? process.execPath : program, args: owned };
}

async function runOnce(name: string): Promise<void> {
  const { program, args } = commandOf(serviceOf(name));
  await run(program, args, { cwd: image, env: { PATH: process.env.PATH, ...environmentOf(serviceOf(name)) } });
}

async function start(name: string, over: Readonly<Record<string, string>>): Promise<RunningProcess> {
  const { program, args } = commandOf(serviceOf(name));
  const env = { PATH: process.env.PATH, NODE_ENV: "production", ...environmentOf(serviceOf(name)), ...over };
  const started = await startProcess({
    name,
    command: program,
    args,
    cwd: image,
    env,
    logFile: join(folder, `${name}.log`),
  });
  closers.push(() => started.kill());
  return started;
}

function urlIn(logFile: string): string | undefined {
  if (!existsSync(logFile)) return undefined;
  const [, port] = /"api_url":"http:\/\/0\.0\.0\.0:(\d+)"/.exec(readFileSync(logFile, "utf8")) ?? [];
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}

/** By the health check's own command, at the port that the API has here. */
async function looksHealthy(name: string, url: string): Promise<boolean> {
  const [kind, , ...args] = serviceOf(name).healthcheck?.test ?? [];
  expect(kind).toBe("CMD");
  await run(
    process.execPath,
    args.map((arg) => arg.replace(/http:\/\/127\.0\.0\.1:\d+/, url)),
  );
  return true;
}
