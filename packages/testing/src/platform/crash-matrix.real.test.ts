import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CreatedCluster } from "@berth/contract";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { describe, expect, it, vi } from "vitest";
import { createTestCluster, deleteForGrace, purgeCluster, restoreCluster, untilSucceeded } from "./clusters.ts";
import {
  CREATE_POINTS,
  LATER_CREATE_POINTS,
  LATER_PURGE_POINTS,
  OCCASIONAL_POINTS,
  PURGE_POINTS,
  RESTORE_POINTS,
} from "./crash-points.ts";
import { engineCall } from "./engine-call.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import { replaceDeadWorkers } from "./replace-dead-workers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

/** Six worlds share two cores, and each takes three workers: a create takes a minute and more. */
const LONG_MS = 240_000;
/** Long enough that a machine which waits for its pods while a worker starts is not taken for an empty one. */
const PLATFORM = { emptyAfterSeconds: 5 };

const armed = (point: string) => ({ BERTH_CRASH_AT: point });

// They wait more than they work.
vi.setConfig({ maxConcurrency: 6 });

const points = [
  ...CREATE_POINTS,
  ...LATER_CREATE_POINTS,
  ...PURGE_POINTS,
  ...LATER_PURGE_POINTS,
  ...RESTORE_POINTS.map((point) => `${point} of a restore`),
];
console.log(`crash points (${points.length}):\n  ${points.join("\n  ")}`);

/**
 * Each case is one point early in a create, one well after it, and, for as many as there are, one of the purge: the worker
 * that takes over is killed at the next. A point for itself would take as many worlds and twice as many workers, and
 * starting a worker costs more than all that it then does.
 */
const EARLY = Math.ceil((CREATE_POINTS.length + LATER_CREATE_POINTS.length) / 2);
const late = [...LATER_CREATE_POINTS, ...CREATE_POINTS.slice(EARLY)];
const purge = [...PURGE_POINTS, ...LATER_PURGE_POINTS];
const cases = CREATE_POINTS.slice(0, EARLY).map((point, index) => [
  point,
  ...late.slice(index, index + 1),
  ...purge.slice(index, index + 1),
]);

const half = RESTORE_POINTS.length / 2;
const restoreCases = RESTORE_POINTS.slice(0, half).map((point, index) => [point, RESTORE_POINTS[half + index]]);

// Each on a database and a world of its own.
describe.concurrent("the worker is killed", { timeout: 4 * LONG_MS }, () => {
  it("at no other points than those of the lists, which a create and a purge reach", () =>
    withPlatform(PLATFORM, async (platform, world) => {
      const file = join(platform.folder, "effects");
      await platform.restartWorker({ BERTH_EFFECTS_FILE: file });
      await createUseAndPurge(platform, world);
      const reached = new Set(readFileSync(file, "utf8").trim().split("\n"));
      const usual = [...reached].filter((point) => !OCCASIONAL_POINTS.test(point));
      expect(usual.sort()).toEqual([...CREATE_POINTS, ...PURGE_POINTS].sort());
    }));

  it.each(cases.map((one) => [one.join(", at "), one] as const))(
    "at %s: create and purge end well, nothing is made twice, nothing is left",
    (_name, [first = "", ...later]) => {
      return withPlatform({ ...PLATFORM, workerEnv: armed(first) }, async (platform, world) => {
        const replacing = replaceDeadWorkers(platform, later.map(armed));
        try {
          await createUseAndPurge(platform, world);
        } finally {
          replacing.stop();
        }
        expect(replacing.ends()).toEqual(Array(1 + later.length).fill("signal SIGKILL"));
      });
    },
  );

  it.each(restoreCases.map((one) => [one.join(", at "), one] as const))(
    "at %s of a restore: the cluster comes back as what it was, on its volumes",
    (_name, [first = "", second = ""]) => {
      return withPlatform(PLATFORM, async (platform, world) => {
        const cluster = await createAndUse(platform);
        const before = await dataOf(platform, world, cluster);
        await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
        await platform.restartWorker(armed(first));
        const replacing = replaceDeadWorkers(platform, [armed(second)]);
        try {
          await untilSucceeded(platform, await restoreCluster(platform, cluster), LONG_MS);
        } finally {
          replacing.stop();
        }
        expect(replacing.ends()).toEqual(Array(2).fill("signal SIGKILL"));
        expect(await dataOf(platform, world, cluster)).toEqual(before);
        expectNoTokenTwice(world);
        await purgeWhole(platform, cluster, world);
      });
    },
  );
});

async function createUseAndPurge(platform: Platform, world: SimulatedPlatformWorld): Promise<void> {
  const cluster = await createAndUse(platform);
  expectNothingTwice(world, cluster.id as ClusterId);
  await purgeWhole(platform, cluster, world);
  const doubtful = await platform.database.query("select 1 from machine where state = 'failed'");
  expect(doubtful).toEqual([]);
}

async function createAndUse(platform: Platform): Promise<CreatedCluster> {
  const cluster = await createTestCluster(platform, "crash");
  await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
  const written = await ask(platform, cluster, "PUT", "/notes/_doc/1", { text: "hello" });
  expect(written.status).toBe(201);
  return cluster;
}

async function ask(platform: Platform, cluster: CreatedCluster, method: "GET" | "PUT", path: string, body?: unknown) {
  const { body: connection } = await platform.customer.getConnection({ params: { cluster_id: cluster.id } });
  return engineCall(connection, cluster.initial_credential, method, path, body);
}

/** What makes it this cluster and no other. */
async function dataOf(platform: Platform, world: SimulatedPlatformWorld, cluster: CreatedCluster) {
  const { kubernetes } = world.simulated.world;
  const pods = kubernetes.objects("Pod", namespaceOf(cluster.id as ClusterId)).map(({ metadata }) => metadata.name);
  return {
    volumes: kubernetes.objects("PersistentVolume").map(({ metadata }) => metadata.uid),
    pods: pods.sort(),
    document: (await ask(platform, cluster, "GET", "/notes/_doc/1")).body._source,
    uuid: (await ask(platform, cluster, "GET", "/")).body.cluster_uuid,
  };
}

async function purgeWhole(platform: Platform, cluster: CreatedCluster, world: SimulatedPlatformWorld): Promise<void> {
  await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
  await untilNothingIsLeft(platform, LONG_MS);
  expectNoTokenTwice(world);
}

/** One namespace, one StatefulSet, three pods on three machines that were launched once each. */
function expectNothingTwice(world: SimulatedPlatformWorld, clusterId: ClusterId): void {
  const { kubernetes, ec2 } = world.simulated.world;
  const ours = kubernetes.objects("Namespace").filter(({ metadata }) => metadata.name.startsWith("cl-"));
  expect(ours.map(({ metadata }) => metadata.name)).toEqual([namespaceOf(clusterId)]);
  expect(kubernetes.objects("StatefulSet").map(({ metadata }) => metadata.name)).toEqual(["data"]);
  expect(kubernetes.objects("Pod", namespaceOf(clusterId))).toHaveLength(3);
  expect(kubernetes.objects("PersistentVolumeClaim")).toHaveLength(3);
  const alive = ec2.describeInstances({}).items.filter(({ state }) => state === "running" || state === "pending");
  expect(new Set(alive.map(({ instance }) => instance.tags["berth.dev/machine"])).size).toBe(3);
  expect(alive).toHaveLength(3);
  expectNoTokenTwice(world);
}

function expectNoTokenTwice(world: SimulatedPlatformWorld): void {
  const tokens = world.simulated.world.ec2
    .describeInstances({})
    .items.map(({ instance }) => instance.request.clientToken);
  expect(new Set(tokens).size).toBe(tokens.length);
}
