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
import { type Figure, p99, runBench, startThrowawayPostgres } from "@berth/testing";
import { fillDatabase } from "./fill-database.ts";

/**
 * How fast one API process answers, over HTTP on loopback, with PostgreSQL (fsync on) and the generator on the same machine
 * and 100,000 rows of other people's in the tables.
 *
 * Open loop: requests are sent when they are due, whether the earlier ones were answered or not, and latency counts from
 * when a request was due. A server that stalls shows it.
 */

/** A hundred thousand rows, written through to the disk of a busy machine. */
const FILL_TIMEOUT_MS = 120_000;
const SECONDS = 10;
const READS_PER_SECOND = 500;
const CREATES_PER_SECOND = 100;

process.exitCode = await runBench(process.argv.slice(2), [{ name: "api", measure }]);

async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"));
  const postgres = await startThrowawayPostgres({ fsync: true });
  const owner = createDatabase({ url: postgres.url, poolSize: 5, statementTimeoutMs: FILL_TIMEOUT_MS });
  const stop: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true })];
  stop.unshift(() => postgres.stop());
  stop.unshift(() => owner.close());
  try {
    await migrate({ url: postgres.url });
    const pepper = randomBytes(32);
    const { key, clusterIds } = await fillDatabase(owner, pepper);
    const api = await startServer(postgres.url, pepper, join(folder, "key"));
    stop.unshift(api.stop);

    const reads = await load(api.url, key, READS_PER_SECOND, (n) => ({
      method: "GET",
      path:
        [
          `/v1/clusters/${clusterIds[n % clusterIds.length]}`,
          "/v1/clusters?limit=20",
          "/v1/operations?limit=20",
          `/v1/clusters/${clusterIds[n % clusterIds.length]}/instances`,
        ][n % 4] ?? "",
    }));
    const creates = await load(api.url, key, CREATES_PER_SECOND, (n) => ({
      method: "POST",
      path: "/v1/clusters",
      body: { name: `bench-${n}`, region: "us-east-1", size: "8g", instances: 3 },
    }));
    return [
      { figure: "api.read_p99", value: reads.p99, unit: "ms", must: 60, aim: 50, better: "lower" },
      { figure: "api.create_p99", value: creates.p99, unit: "ms", must: 75, aim: 50, better: "lower" },
      {
        figure: "api.failed_requests",
        value: reads.failed + creates.failed,
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
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

async function load(url: string, key: string, perSecond: number, make: (n: number) => Sent) {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const send = (one: Sent) => sendOne(url, key, agent, one);
  // Connections, prepared statements and the compiler's second thoughts are not what is measured.
  for (let n = 0; n < 200; n++) await send(make(1_000_000 + n));
  const latencies: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const all: Promise<void>[] = [];
  for (let n = 0; n < perSecond * SECONDS; n++) {
    const dueAt = startedAt + (n * 1000) / perSecond;
    const early = dueAt - performance.now();
    if (early > 1) await sleep(early);
    all.push(
      send(make(n)).then((status) => {
        latencies.push(performance.now() - dueAt);
        if (status >= 400) failed += 1;
      }),
    );
  }
  await Promise.all(all);
  agent.destroy();
  return { p99: p99(latencies), failed };
}

function sendOne(url: string, key: string, agent: Agent, { method, path, body }: Sent): Promise<number> {
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
