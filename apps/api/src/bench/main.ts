import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createDatabase, migrate } from "@berth/db";
import { readKeyFile } from "@berth/runtime";
import { type Figure, median, p99, runBench, startThrowawayPostgres } from "@berth/testing";
import { type BenchTenant, FILLED, fillDatabase } from "./fill-database.ts";

/**
 * How fast one API process answers, over HTTP on loopback, with PostgreSQL (fsync on) and the generator on the same machine,
 * and 10,000 clusters with 100,000 instances of 500 organizations in the tables. Every organization asks, in turn.
 *
 * Open loop: requests are sent when they are due, whether the earlier ones were answered or not, and latency counts from
 * when a request was due. A server that stalls shows it.
 */

/** A hundred thousand rows, written through to the disk of a busy machine. */
const FILL_TIMEOUT_MS = 120_000;
const SECONDS = 10;

process.exitCode = await runBench(process.argv.slice(2), [{ name: "api", measure }]);

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"));
  const postgres = await startThrowawayPostgres({ fsync: true });
  const owner = createDatabase({ url: postgres.url, poolSize: 5, statementTimeoutMs: FILL_TIMEOUT_MS });
  const stop: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true })];
  stop.unshift(() => postgres.stop());
  stop.unshift(() => owner.close());
  try {
    await migrate({ url: postgres.url });
    const pepper = randomBytes(32);
    const tenants = await fillDatabase(owner, pepper);
    const api = await startServer(postgres.url, pepper, join(folder, "key"));
    stop.unshift(api.stop);

    const requests = requestsOf(tenants);
    const stages = {
      reads: await load(api.url, 500, requests.read),
      lists: await load(api.url, 100, requests.list),
      creates: await load(api.url, 100, requests.create),
      manyReads: await load(api.url, 1000, requests.read),
      manyCreates: await load(api.url, 300, requests.create),
    };
    for (const [name, one] of Object.entries(stages)) tell(`${name}: ${describe(one)}`);
    const { reads, lists, creates, manyReads, manyCreates } = stages;
    const lower = { unit: "ms", better: "lower" } as const;
    return [
      { figure: "api.read_p99", value: reads.p99, must: 60, aim: 50, ...lower },
      { figure: "api.list_p99", value: lists.p99, must: 100, aim: 50, ...lower },
      { figure: "api.create_p99", value: creates.p99, must: 75, aim: 50, ...lower },
      { figure: "api.read_p99_at_1000", value: manyReads.p99, must: 1000, aim: 50, ...lower },
      { figure: "api.create_p99_at_300", value: manyCreates.p99, must: 1000, aim: 50, ...lower },
      {
        figure: "api.failed_requests",
        value: reads.failed + lists.failed + creates.failed,
        unit: "requests",
        must: 0,
        aim: 0,
        better: "lower",
      },
    ];
  } finally {
    for (const one of stop) await one();
  }
}

/** The n-th request of each kind. Tenants take turns, so do paths. */
function requestsOf(tenants: readonly BenchTenant[]) {
  const tenant = (n: number) => tenants[n % tenants.length] as BenchTenant;
  const cluster = (n: number) => tenant(n).clusterIds[n % FILLED.clustersEach] ?? "";
  const read = (n: number): Sent => ({
    key: tenant(n).key,
    method: "GET",
    path:
      [
        `/v1/clusters/${cluster(n)}`,
        "/v1/clusters?limit=20",
        "/v1/operations?limit=20",
        `/v1/clusters/${cluster(n)}/instances`,
      ][Math.floor(n / tenants.length + n) % 4] ?? "",
  });
  const list = (n: number): Sent => ({
    key: tenant(n).key,
    method: "GET",
    path: ["/v1/clusters", "/v1/operations", "/v1/events", "/v1/audit_events"][n % 4] ?? "",
  });
  let creates = 0;
  const create = (n: number): Sent => ({
    key: tenant(n).key,
    method: "POST",
    path: "/v1/clusters",
    body: { name: `bench-${creates++}`, region: "us-east-1", size: "8g", instances: 3 },
  });
  return { read, list, create };
}

/** The API as it runs in production: a process of its own, configured by its environment. */
async function startServer(databaseUrl: string, pepper: Uint8Array, keyFile: string) {
  readKeyFile(keyFile);
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      BERTH_PEPPER: Buffer.from(pepper).toString("base64"),
      BERTH_KEY_FILE: keyFile,
      BERTH_API_PORT: "0",
      BERTH_METRICS_PORT: "0",
      // One key stands for many customers here; that a process that is behind refuses requests stays as it is.
      BERTH_REQUESTS_PER_MINUTE: "10000000",
      BERTH_REQUESTS_IN_FLIGHT: "100000",
      LOG_LEVEL: "warn",
    },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for await (const chunk of child.stdout) {
    const url: unknown = JSON.parse(String(chunk)).api_url;
    if (typeof url !== "string") continue;
    const stop = async () => {
      child.kill("SIGTERM");
      await ended;
    };
    return { url, stop };
  }
  throw new Error("the API ended before it listened");
}

interface Sent {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** Milliseconds. */
interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly failed: number;
  /** How much later than due the generator sent: what it adds itself when the machine has no time for it. */
  readonly lateP99: number;
}

async function load(url: string, perSecond: number, make: (n: number) => Sent): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const send = (one: Sent) => sendOne(url, agent, one);
  // Connections, prepared statements and the compiler's second thoughts are not what is measured.
  for (let n = 0; n < 100; n++) await Promise.all([0, 1, 2, 3].map((lane) => send(make(4 * n + lane))));
  const latencies: number[] = [];
  const late: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const all: Promise<void>[] = [];
  for (let n = 0; n < perSecond * SECONDS; n++) {
    const dueAt = startedAt + (n * 1000) / perSecond;
    const early = dueAt - performance.now();
    if (early > 1) await sleep(early);
    late.push(Math.max(0, performance.now() - dueAt));
    all.push(
      send(make(n)).then((status) => {
        latencies.push(performance.now() - dueAt);
        if (status >= 400) failed += 1;
      }),
    );
  }
  await Promise.all(all);
  agent.destroy();
  const longest = latencies.reduce((most, one) => Math.max(most, one), 0);
  return { perSecond, p50: median(latencies), p99: p99(latencies), longest, failed, lateP99: p99(late) };
}

function describe({ perSecond, p50, p99: slow, longest, failed, lateP99 }: Load): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `${perSecond}/s: p50 ${ms(p50)}, p99 ${ms(slow)}, longest ${ms(longest)}, ${failed} failed; sent late p99 ${ms(lateP99)}`;
}

function sendOne(url: string, agent: Agent, { key, method, path, body }: Sent): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "content-type": "application/json", "idempotency-key": randomUUID() }),
    };
    const sent = request(url + path, { method, agent, headers }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 500));
    });
    sent.once("error", () => resolve(599));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
