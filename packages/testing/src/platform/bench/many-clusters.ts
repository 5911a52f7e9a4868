import { QUICK_WORLD_TIMINGS } from "@berth/simulator";
import type { Figure } from "../../bench/figure.ts";
import { freePort } from "../../free-port.ts";
import { waitFor } from "../../wait-for.ts";
import { createTestCluster } from "../clusters.ts";
import { type Platform, startPlatform } from "../start-platform.ts";
import { startPlatformWorld } from "../world.ts";

export interface ManyClusters {
  readonly clusters: number;
  readonly instancesEach: number;
}

const LANES = 10;
const MACHINE_TYPES = ["m7i.2xlarge", "m7i.4xlarge", "m7i.8xlarge", "r7i.2xlarge", "r7i.4xlarge", "r7i.8xlarge"];
const LONGEST_MS = 15 * 60_000;

/** Creates all of them at once, and waits until the last one is usable. The world is in this process, all else in others. */
export async function manyClusters(
  postgresUrl: string,
  size: ManyClusters,
  tell: (line: string) => void,
): Promise<Figure[]> {
  const metricsPort = await freePort();
  const world = await startPlatformWorld({ timings: QUICK_WORLD_TIMINGS });
  const platform = await startPlatform({
    world,
    postgresUrl,
    machineTypes: MACHINE_TYPES,
    instancesPerMachine: 16,
    emptyAfterSeconds: 600,
    leaseTtlMs: 30_000,
    apiApart: true,
    workerEnv: { BERTH_METRICS_PORT: String(metricsPort) },
  });
  try {
    const url = `http://127.0.0.1:${metricsPort}/metrics`;
    await waitFor(async () => (await scrape(url)).size > 0, { timeoutMs: 60_000, what: "the worker to run" });
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const secondsSince = () => (performance.now() - startedAt) / 1000;

    let next = 0;
    const lane = async () => {
      while (next < size.clusters) {
        await createTestCluster(platform, `bench-${next++}`, { size: "2g", instances: size.instancesEach });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const acceptedAfter = secondsSince();
    await waitFor(() => allUsable(platform, size.clusters, (text) => tell(`${secondsSince().toFixed(0)} s: ${text}`)), {
      timeoutMs: LONGEST_MS,
      what: "all clusters to be usable",
      intervalMs: 1000,
    });
    const wall = secondsSince();
    const cpu = process.cpuUsage(cpuBefore);
    const metrics = await scrape(url);
    const runs = sumOf(metrics, "berth_reconcile_seconds_count");
    const failed = sumOf(metrics, 'berth_reconcile_seconds_count{loop="[a-z]+",outcome="failed"}');
    const [machines] = await platform.database.query<{ count: number }>("select count(*)::int as count from machine");
    tell(
      [
        `accepted after ${acceptedAfter.toFixed(1)} s`,
        `${machines?.count} machines`,
        `${runs} runs (${failed} failed)`,
        `worker ${sumOf(metrics, "process_cpu_seconds_total").toFixed(0)} CPU s`,
        `world ${((cpu.user + cpu.system) / 1e6).toFixed(0)} CPU s`,
      ].join(", "),
    );
    const many = `${size.clusters}_clusters`;
    return [
      { figure: `${many}.usable`, value: wall, unit: "s", must: 300, aim: 120, better: "lower" },
      {
        figure: `${many}.reconciles_per_second`,
        value: runs / wall,
        unit: "1/s",
        must: 3,
        aim: 15,
        better: "higher",
      },
      { figure: `${many}.failed_reconciles`, value: failed, unit: "runs", must: 0, aim: 0, better: "lower" },
    ];
  } finally {
    await platform.stop();
    await world.close();
  }
}

async function allUsable(platform: Platform, clusters: number, tell: (text: string) => void): Promise<boolean> {
  const rows = await platform.database.query<{ state: string; count: number }>(
    `select state, count(*)::int as count from operation where kind = 'cluster.create' group by state
     union all select 'machines ' || state, count(*)::int from machine group by state
     union all select 'instances ' || state, count(*)::int from instance group by state`,
  );
  tell(rows.map(({ state, count }) => `${state} ${count}`).join(", "));
  return rows.some(({ state, count }) => state === "succeeded" && count === clusters);
}

/** Prometheus' text, as name with labels -> value. */
async function scrape(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(url)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

function sumOf(metrics: ReadonlyMap<string, number>, name: string): number {
  const pattern = new RegExp(`^${name.replaceAll("{", "\\{")}`);
  return [...metrics].reduce((sum, [key, value]) => sum + (pattern.test(key) ? value : 0), 0);
}
