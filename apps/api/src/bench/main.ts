import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, migrate } from "@berth/db";
import { readKeyFile } from "@berth/runtime";
import {
  type Figure,
  latenciesLine,
  openLoop,
  runBench,
  type Sent,
  startApiProcess,
  startThrowawayPostgres,
} from "@berth/testing";
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
/** Every organization's key five times. */
const WARM_UP = 2500;

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
    const api = await startServer(folder, postgres.url, pepper);
    stop.unshift(() => api.process.stop());

    const requests = requestsOf(tenants);
    const load = (perSecond: number, make: (n: number) => Sent) =>
      openLoop({ url: api.url, perSecond, seconds: SECONDS, warmUp: WARM_UP, make });
    const stages = {
      reads: await load(500, requests.read),
      lists: await load(100, requests.list),
      creates: await load(100, requests.create),
      manyReads: await load(1000, requests.read),
      manyCreates: await load(300, requests.create),
    };
    for (const [name, one] of Object.entries(stages)) tell(`${name}: ${latenciesLine(one)}`);
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
  const get = (n: number, path: string): Sent => ({
    method: "GET",
    path,
    headers: { authorization: `Bearer ${tenant(n).key}` },
  });
  /** Things of one's own, and of every five one short page. */
  const read = (n: number) =>
    get(
      n,
      [
        `/v1/clusters/${cluster(n)}`,
        `/v1/clusters/${cluster(n)}/instances`,
        `/v1/clusters/${cluster(n)}/components`,
        `/v1/operations/op_${cluster(n).slice("cl_".length)}`,
        "/v1/clusters?limit=20",
      ][Math.floor(n / tenants.length + n) % 5] ?? "",
    );
  const list = (n: number) => get(n, ["/v1/clusters", "/v1/operations", "/v1/events", "/v1/audit_events"][n % 4] ?? "");
  let creates = 0;
  const create = (n: number): Sent => ({
    method: "POST",
    path: "/v1/clusters",
    headers: {
      authorization: `Bearer ${tenant(n).key}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    },
    body: JSON.stringify({ name: `bench-${creates++}`, region: "us-east-1", size: "8g", instances: 3 }),
  });
  return { read, list, create };
}

/** The API as it runs in production, with limits that 500 customers on one address do not reach. */
function startServer(folder: string, databaseUrl: string, pepper: Uint8Array) {
  const keyFile = join(folder, "key");
  readKeyFile(keyFile);
  return startApiProcess({
    folder,
    env: {
      DATABASE_URL: databaseUrl,
      BERTH_PEPPER: Buffer.from(pepper).toString("base64"),
      BERTH_KEY_FILE: keyFile,
      // That a process that is behind refuses requests stays as it is.
      BERTH_REQUESTS_PER_MINUTE: "10000000",
      BERTH_REQUESTS_IN_FLIGHT: "100000",
      // Three times the cores: more backends than that take them from each other.
      BERTH_DATABASE_POOL: "6",
      LOG_LEVEL: "warn",
    },
  });
}
