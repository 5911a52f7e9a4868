import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { describe, expect, it, vi } from "vitest";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import {
  CREATE_POINTS,
  LATER_CREATE_POINTS,
  LATER_PURGE_POINTS,
  OCCASIONAL_POINTS,
  PURGE_POINTS,
} from "./crash-points.ts";
import { engineCall } from "./engine-call.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import { replaceDeadWorkers } from "./replace-dead-workers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

const LONG_MS = 120_000;
/** Long enough that a machine which waits for its pods while a worker starts is not taken for an empty one. */
const PLATFORM = { emptyAfterSeconds: 5 };

// They wait more than they work.
vi.setConfig({ maxConcurrency: 6 });

const points = [...CREATE_POINTS, ...LATER_CREATE_POINTS, ...PURGE_POINTS, ...LATER_PURGE_POINTS];
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
      const armed = (point: string) => ({ BERTH_CRASH_AT: point });
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
});

async function createUseAndPurge(platform: Platform, world: SimulatedPlatformWorld): Promise<void> {
  const cluster = await createTestCluster(platform, "crash");
  await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
  const { body: connection } = await platform.customer.getConnection({ params: { cluster_id: cluster.id } });
  const written = await engineCall(connection, cluster.initial_credential, "PUT", "/notes/_doc/1", { text: "hello" });
  expect(written.status).toBe(201);
  expectNothingTwice(world, cluster.id as ClusterId);

  await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
  await untilNothingIsLeft(platform, LONG_MS);
  expectNoTokenTwice(world);
  const doubtful = await platform.database.query("select 1 from machine where state = 'failed'");
  expect(doubtful).toEqual([]);
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
