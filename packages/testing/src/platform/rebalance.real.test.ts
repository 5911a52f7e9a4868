import type { CreatedCluster } from "@berth/contract";
import { describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { engineCall } from "./engine-call.ts";
import {
  fleetPrice,
  halfEmptyFleet,
  lookForMoves,
  passAnHour,
  REBALANCING,
  untilPlan,
  watchMoves,
} from "./rebalances.ts";
import { replaceDeadWorkers } from "./replace-dead-workers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 180_000;
const WORLD = { machineTypes: ["m7i.large"], instancesPerMachine: 2, workerEnv: REBALANCING } as const;

/** Where a move stands half: its place is reserved, its pod was deleted, its end is on record. */
const KILLED_AT = ["rebalance.reserve:recorded", "rebalance.delete_pod:answered", "rebalance.end_move:recorded"];

describe("a rebalance plan", () => {
  it(
    "comes to its end by other workers when one dies with a place reserved, one with a pod deleted, one with a move ended",
    { timeout: 3 * LONG_MS },
    () =>
      withPlatform(WORLD, async (platform, world) => {
        const moves = await halfEmptyFleet(platform, LONG_MS);
        const look = await lookForMoves(platform, LONG_MS);
        const id = look.pools[0]?.plan_id ?? "";
        const before = await fleetPrice(platform);
        const [first = "", ...later] = KILLED_AT;
        await platform.restartWorker({ ...REBALANCING, BERTH_CRASH_AT: first });
        const next = later.map((point) => ({ ...REBALANCING, BERTH_CRASH_AT: point }));
        const watch = watchMoves(world, 2);
        const replacing = replaceDeadWorkers(platform, [...next, REBALANCING]);
        await platform.operator.approveRebalancePlan({ params: { rebalance_plan_id: id } });
        const plan = await untilPlan(platform, id, "succeeded", LONG_MS);
        replacing.stop();
        expect(replacing.ends()).toEqual(KILLED_AT.map(() => "signal SIGKILL"));
        expect(watch.stop().broken).toEqual([]);
        expect(plan).toMatchObject({ instances: moves, moved: moves });
        expect(before - (await fleetPrice(platform))).toBe(Math.round(Number(plan.saving_per_hour.amount) * 1_000_000));
      }),
  );

  it(
    "is paused and cancelled after the move that is under way, and its nodes take instances again",
    { timeout: 3 * LONG_MS },
    () =>
      withPlatform(WORLD, async (platform) => {
        const moves = await halfEmptyFleet(platform, LONG_MS);
        expect(moves).toBeGreaterThan(1);
        const params = { rebalance_plan_id: (await lookForMoves(platform, LONG_MS)).pools[0]?.plan_id ?? "" };
        await platform.operator.approveRebalancePlan({ params });
        await untilPlan(platform, params.rebalance_plan_id, "running", LONG_MS);
        await platform.operator.pauseRebalancePlan({ params });
        const kubeIsIdle = async () => {
          const rows = await platform.database.query("select 1 from rebalance_move where state = 'moving'");
          return rows.length === 0;
        };
        for (let quiet = 0; quiet < 3; ) {
          quiet = (await kubeIsIdle()) ? quiet + 1 : 0;
          await lookForMoves(platform, LONG_MS);
        }
        const paused = (await platform.operator.getRebalancePlan({ params })).body;
        expect(paused.state).toBe("paused");
        expect(paused.moved).toBeLessThanOrEqual(1);
        await platform.operator.cancelRebalancePlan({ params });
        // The move ended where the engine was green; the cluster's own loop looks when it comes to it.
        await waitFor(
          async () => {
            const { body: left } = await platform.customer.listClusters({ query: { state: "running" } });
            const health = left.data.map(({ status }) => status.health);
            if (health.join() === "green,green") return true;
            throw new Error(`health: ${health.join()}`);
          },
          { timeoutMs: LONG_MS, what: "both clusters to be seen green", intervalMs: 100 },
        );
        // Room that a plan emptied is room again: another cluster needs no more machines than it has instances.
        const another = await createTestCluster(platform, "another");
        await untilSucceeded(platform, another.current_operation?.id ?? "", LONG_MS);
      }),
  );
});

const HOURS = 24;
const MEAN = 5;
const SWING = 3;

/**
 * A day of hours that rise and fall, with a plan that is approved by itself in each. In the real tier: it takes minutes.
 * A cluster that is kept yellow stands among the others from the first hour on.
 */
describe("a day of sine load with a look for moves every hour", () => {
  it(
    "moves nothing for less than the threshold, nothing of a cluster that is not green, and bounds the machines that come and go",
    { timeout: 30 * 60_000 },
    () =>
      withPlatform({ ...WORLD, instancesPerMachine: 4 }, async (platform, world) => {
        const pool = { pool_id: (await platform.operator.listPools({ query: {} })).body.data[0]?.id ?? "" };
        const policy = { rebalance_mode: "automatic", rebalance_max_automatic_moves: 1000 } as const;
        await platform.operator.updatePool({ params: pool, body: policy });
        const sick = await up(platform, await createTestCluster(platform, "sick"));
        await makeYellow(platform, sick);

        const broken: string[] = [];
        const clusters: CreatedCluster[] = [];
        const lines: string[] = [];
        let came = 0;
        for (let hour = 0; hour < HOURS; hour++) {
          const wanted = Math.round(MEAN + SWING * Math.sin((2 * Math.PI * hour) / HOURS));
          const more = Array.from({ length: Math.max(0, wanted - clusters.length) }, (_, n) => `h${hour}-${n}`);
          // The oldest leave first, so that holes are everywhere.
          const leaving = clusters.splice(0, Math.max(0, clusters.length - wanted));
          clusters.push(...(await Promise.all(more.map((name) => createTestCluster(platform, name)))));
          came += more.length;
          await Promise.all([
            ...clusters.slice(clusters.length - more.length).map((one) => up(platform, one)),
            ...leaving.map(async (one) => untilSucceeded(platform, await purgeCluster(platform, one), LONG_MS)),
          ]);
          await passAnHour(platform);
          // Nobody comes or leaves from here on to the end of the hour: what is away while a plan runs is so by a move.
          const watch = watchMoves(world, 4);
          const [outlook] = (await lookForMoves(platform, LONG_MS)).pools;
          const id = outlook?.plan_id ?? "";
          const plan =
            outlook?.outcome === "proposed" ? await untilPlan(platform, id, "succeeded", LONG_MS) : undefined;
          const seen = watch.stop().broken;
          if (plan !== undefined) broken.push(...seen);
          const price = ((await fleetPrice(platform)) / 1_000_000).toFixed(4);
          lines.push(
            `hour ${hour}: ${wanted} clusters, $${price}/h, ${plan?.instances ?? 0} moves, ${plan?.removals ?? 0} gone`,
          );
        }

        const plans = await platform.database.query<{ saving: number; instances: number; state: string }>(
          "select saving_micro_usd_per_hour::float8 as saving, instances, state from rebalance_plan order by created_at",
        );
        const [machines] = await platform.database.query<{ added: number; removed: number }>(
          "select count(*)::int as added, count(*) filter (where state in ('terminating', 'terminated'))::int as removed from machine",
        );
        const [touched] = await platform.database.query<{ count: number }>(
          "select count(*)::int as count from rebalance_move where cluster_id = $1 and state <> 'planned'",
          [sick.id],
        );
        const moves = plans.reduce((sum, plan) => sum + plan.instances, 0);
        console.log(
          [
            ...lines,
            `${machines?.added} machines added, ${machines?.removed} removed, ${moves} moves in ${plans.length} plans`,
          ].join("\n"),
        );
        // The world's Metrics API was asked every minute.
        const { used } = (await platform.operator.getPacking({ query: {} })).body.total;
        expect(used?.of_requested.cpu).toBeGreaterThan(0);
        expect(used?.of_requested.cpu).toBeLessThan(1);
        expect(used?.of_requested.memory).toBeGreaterThan(0.5);
        expect(broken).toEqual([]);
        expect(plans.every(({ saving }) => saving * 730 >= 10_000_000)).toBe(true);
        expect(plans.every(({ state }) => state === "succeeded")).toBe(true);
        expect(moves).toBeGreaterThan(0);
        expect(touched?.count).toBe(0);
        // A machine comes for an instance that comes, or in place of another that goes for it: never by itself.
        expect((machines?.added ?? 0) + (machines?.removed ?? 0)).toBeLessThanOrEqual(2 * 3 * (came + 1));
      }),
  );
});

async function up(platform: Platform, cluster: CreatedCluster): Promise<CreatedCluster> {
  await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
  return cluster;
}

/** An index that wants more copies than there are instances. */
async function makeYellow(platform: Platform, cluster: CreatedCluster): Promise<void> {
  const { body: connection } = await platform.customer.getConnection({ params: { cluster_id: cluster.id } });
  const settings = { settings: { number_of_shards: 1, number_of_replicas: 3 } };
  const put = await engineCall(connection, cluster.initial_credential, "PUT", "/greedy", settings);
  expect(put.status).toBe(200);
}
