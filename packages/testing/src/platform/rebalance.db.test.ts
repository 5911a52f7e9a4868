import { expect, it } from "vitest";
import { fleetPrice, halfEmptyFleet, lookForMoves, REBALANCING, untilPlan, watchMoves } from "./rebalances.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 120_000;
const PER_MACHINE = 2;
const WORLD = {
  machineTypes: ["m7i.large"],
  instancesPerMachine: PER_MACHINE,
  workerEnv: REBALANCING,
} as const;

it(
  "a fleet that half of its clusters left waits with a plan beyond the automatic threshold, and once approved costs what it said",
  { timeout: 3 * LONG_MS },
  () =>
    withPlatform(WORLD, async (platform, world) => {
      const pool = { pool_id: (await platform.operator.listPools({ query: {} })).body.data[0]?.id ?? "" };
      const policy = { rebalance_mode: "automatic", rebalance_max_automatic_moves: 0 } as const;
      await platform.operator.updatePool({ params: pool, body: policy });
      const moves = await halfEmptyFleet(platform, LONG_MS);
      expect(moves).toBeGreaterThan(0);

      const look = await lookForMoves(platform, LONG_MS);
      expect(look.pools).toMatchObject([{ mode: "automatic", outcome: "proposed" }]);
      const id = look.pools[0]?.plan_id ?? "";
      const plan = await untilPlan(platform, id, "proposed", LONG_MS);
      expect(plan).toMatchObject({ instances: moves, removals: moves, launches: 0, waiting_for: [], automatic: false });

      const before = await fleetPrice(platform);
      const watch = watchMoves(world, PER_MACHINE);
      await platform.operator.approveRebalancePlan({ params: { rebalance_plan_id: id } });
      await untilPlan(platform, id, "succeeded", LONG_MS);
      const { broken, looks } = watch.stop();
      expect(broken).toEqual([]);
      expect(looks).toBeGreaterThan(10);
      const { body: done } = await platform.operator.getRebalancePlan({ params: { rebalance_plan_id: id } });
      expect(done.moves.map(({ state }) => state)).toEqual(Array(moves).fill("moved"));
      expect(before - (await fleetPrice(platform))).toBe(Math.round(Number(plan.saving_per_hour.amount) * 1_000_000));
      const { body: left } = await platform.customer.listClusters({ query: { state: "running" } });
      expect(left.data.map(({ status }) => status.health)).toEqual(["green", "green"]);
      const events = await platform.customer.listEvents({ query: { type: "instance.move.succeeded" } });
      expect(events.body.data).toHaveLength(moves);
    }),
);
