import type { CreatedCluster } from "@berth/contract";
import { OPERATION_STEPS } from "@berth/domain";
import { QUICK_WORLD_TIMINGS } from "@berth/simulator";
import { type Figure, median } from "../../bench/figure.ts";
import { purgeCluster, untilSucceeded } from "../clusters.ts";
import { type Platform, startPlatform } from "../start-platform.ts";
import { startPlatformWorld } from "../world.ts";
import { type TimedCreate, timedCreate } from "./timed-create.ts";
import { type InstanceTimes, watchInstances } from "./watch-instances.ts";

const ROUNDS = 5;
const LONGEST_MS = 120_000;

interface Run extends TimedCreate {
  /** What is left when machines, kube and engines are taken off. */
  readonly ours: number;
}

/**
 * Creates a cluster of three instances on machines that must be launched first, a few times, and gives the medians: in
 * all, step by step, and what of it is Berth's own. Then the same where there is room already.
 *
 * Not ours, along the path of the instance that was ready last: from the launch to the machine's join request, from its
 * approval to the ready node, and from there to the ready pod.
 */
export async function oneCluster(postgresUrl: string, tell: (line: string) => void): Promise<Figure[]> {
  const world = await startPlatformWorld({ timings: QUICK_WORLD_TIMINGS });
  // One instance a machine: each cluster needs new ones.
  const platform = await startPlatform({
    world,
    postgresUrl,
    instancesPerMachine: 1,
    emptyAfterSeconds: 600,
    leaseTtlMs: 30_000,
  });
  const watch = watchInstances(world.simulated.world);
  try {
    const cold: Run[] = [];
    const warm: number[] = [];
    // The first one warms up: connections, prepared statements, compiled code.
    for (let round = 0; round <= ROUNDS; round++) {
      const run = await create(platform, `cold-${round}`, watch.times);
      tell(`create ${round}, new machines: ${run.total.toFixed(2)} s, ours ${run.ours.toFixed(2)} s`);
      if (round > 0) cold.push(run);
      if (round === ROUNDS) await purge(platform, run.cluster);
    }
    for (let round = 1; round <= ROUNDS; round++) {
      const run = await create(platform, `warm-${round}`, watch.times);
      tell(`create ${round}, with room: ${run.total.toFixed(2)} s`);
      warm.push(run.total);
      await purge(platform, run.cluster);
    }
    const figure = (name: string, values: readonly number[], must: number, aim: number): Figure => ({
      figure: `create.${name}`,
      value: median(values),
      unit: "s",
      must,
      aim,
      better: "lower",
    });
    return [
      figure(
        "usable",
        cold.map(({ total }) => total),
        15,
        8,
      ),
      figure(
        "usable.ours",
        cold.map(({ ours }) => ours),
        3,
        1.5,
      ),
      ...OPERATION_STEPS["cluster.create"].map((step) =>
        figure(
          `step.${step}`,
          cold.map(({ steps }) => steps[step] ?? 0),
          STEP_LIMITS[step].must,
          STEP_LIMITS[step].aim,
        ),
      ),
      figure("usable_with_room", warm, 10, 4),
    ];
  } finally {
    watch.stop();
    await platform.stop();
    await world.close();
  }
}

/** Seconds. Machines and pods take what the world takes; the rest is ours. */
const STEP_LIMITS = {
  objects: { must: 1, aim: 0.3 },
  placement: { must: 1, aim: 0.3 },
  machines: { must: 8, aim: 4 },
  pods: { must: 8, aim: 4 },
  formation: { must: 2, aim: 0.5 },
  users: { must: 2, aim: 0.5 },
  health: { must: 2, aim: 0.5 },
} as const;

async function create(
  platform: Platform,
  name: string,
  times: (namespacePod: string) => InstanceTimes | undefined,
): Promise<Run> {
  const timed = await timedCreate(platform, name, { longestMs: LONGEST_MS });
  const namespace = `cl-${timed.cluster.id.slice(3)}`;
  const instances = [0, 1, 2].flatMap((ordinal) => times(`${namespace}/data-${ordinal}`) ?? []);
  const last = instances.reduce((latest, one) => (one.readyAt > latest.readyAt ? one : latest));
  const notOurs = last.requestedAt - last.launchedAt + (last.readyAt - last.approvedAt);
  return { ...timed, ours: timed.total - notOurs / 1000 };
}

async function purge(platform: Platform, cluster: CreatedCluster): Promise<void> {
  await untilSucceeded(platform, await purgeCluster(platform, cluster), LONGEST_MS);
}
