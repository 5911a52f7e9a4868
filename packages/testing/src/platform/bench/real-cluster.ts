import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPERATION_STEPS } from "@berth/domain";
import { type Figure, median } from "../../bench/figure.ts";
import { CannotMeasure } from "../../bench/run-bench.ts";
import { engineSeconds, readEngineLog } from "../../end-to-end/engine-log.ts";
import { type EngineStarts, watchEngineStarts } from "../../end-to-end/engine-starts.ts";
import { type RealParts, startRealParts } from "../../end-to-end/real-parts.ts";
import { machineFolderOf } from "../../end-to-end/running-dev.ts";
import { installEngine } from "../../engines/install-engine.ts";
import { containerLogFile, podFolder } from "../../process-kubelet/places.ts";
import { findMissing, prepareRealTier } from "../../real-tier/prepare.ts";
import { waitFor } from "../../wait-for.ts";
import { type ClusterHome, purgeCluster, untilSucceeded } from "../clusters.ts";
import { type TimedCreate, timedCreate } from "./timed-create.ts";

const ENGINE = { engine: "elasticsearch", version: "8.19.21" } as const;
const ROUNDS = 2;
const LONGEST_MS = 6 * 60_000;
/** Longer than it takes to purge a cluster and to ask for the next. */
const KEEP_SECONDS = 600;

interface Run extends TimedCreate {
  /** From the request until the last engine process ran. */
  readonly beforeEngines: number;
  /** What the engines themselves took from there to green: see engineSeconds. */
  readonly engines: number;
}

/**
 * Creates a cluster of three real Elasticsearch processes by the real API server, scheduler and kubelets (of processes),
 * on machines that must be launched first, then one where there is room, and gives the medians: in all, step by step, and
 * what is left when the engines' own time is taken off. EC2 alone is simulated: its machines boot in one to three seconds,
 * which count as ours.
 *
 * Engines share this machine's cores, with a small heap: their time is long and says nothing of Berth.
 */
export async function realCluster(tell: (line: string) => void): Promise<Figure[]> {
  const missing = findMissing();
  if (missing.length > 0) throw new CannotMeasure(`this machine lacks for real parts:\n  ${missing.join("\n  ")}`);
  await prepareRealTier(tell);
  await installEngine({ ...ENGINE, onProgress: tell });

  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"));
  try {
    const parts = await startRealParts(join(folder, "data"));
    const starts = watchEngineStarts(parts.kubeconfig);
    try {
      return await measure(parts, starts, tell);
    } finally {
      await starts.stop();
      await parts.dev.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(parts: RealParts, starts: EngineStarts, tell: (line: string) => void): Promise<Figure[]> {
  const kube = (await parts.operator.listKubes({ query: {} })).body.data[0];
  if (kube === undefined) throw new Error("dev has registered no kube");
  const home: ClusterHome = { customer: parts.customer, world: { region: kube.region } };
  const create = async (name: string): Promise<Run> => {
    const timed = await timedCreate(home, name, { longestMs: LONGEST_MS, over: ENGINE });
    const run = withEngines(parts, starts, timed);
    tell(
      `${name}: ${run.total.toFixed(1)} s, of it ${run.beforeEngines.toFixed(1)} s before the last engine ran and ` +
        `${run.engines.toFixed(1)} s of the engines' own`,
    );
    await untilSucceeded(home, await purgeCluster(home, run.cluster), LONGEST_MS);
    return run;
  };

  const cold: Run[] = [];
  const warm: Run[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await parts.keepEmptyMachines(KEEP_SECONDS);
    cold.push(await create(`new-machines-${round}`));
    warm.push(await create(`with-room-${round}`));
    if (round === ROUNDS) break;
    // Machines at rest are looked at once a minute.
    await parts.keepEmptyMachines(1);
    await waitFor(() => noMachines(parts), { timeoutMs: 240_000, what: "machines to go", intervalMs: 500 });
  }
  return figuresOf(cold, warm);
}

/** The engines' part of a create, by the API server's word of their starts and their own logs. */
function withEngines(parts: RealParts, starts: EngineStarts, timed: TimedCreate): Run {
  const engines = starts.of(`cl-${timed.cluster.id.slice(3)}`);
  const logs = engines.map(({ nodeName, podUid }) => {
    const file = containerLogFile(podFolder(machineFolderOf(parts.dev, nodeName), podUid), "engine", 0);
    return readEngineLog(readFileSync(file, "utf8"));
  });
  const seenAt = engines.map((engine) => engine.seenAt);
  return {
    ...timed,
    beforeEngines: (Math.max(...seenAt) - timed.askedAt) / 1000,
    engines: engineSeconds(seenAt, logs),
  };
}

async function noMachines({ operator }: RealParts): Promise<boolean> {
  // Those that are gone are not listed.
  return (await operator.listMachines({ query: {} })).body.data.length === 0;
}

/** Seconds. `machines` is EC2's and kube-scheduler's, `pods` nearly all the engines'. */
const STEP_LIMITS = {
  objects: { must: 2, aim: 0.5 },
  placement: { must: 3, aim: 1 },
  machines: { must: 15, aim: 6 },
  pods: { must: 150, aim: 40 },
  formation: { must: 5, aim: 1 },
  users: { must: 30, aim: 5 },
  health: { must: 30, aim: 5 },
} as const;

function figuresOf(cold: readonly Run[], warm: readonly Run[]): Figure[] {
  const figure = (name: string, values: readonly number[], must: number, aim: number): Figure => ({
    figure: `create_real.${name}_seconds`,
    value: median(values),
    unit: "s",
    must,
    aim,
    better: "lower",
  });
  const ours = ({ total, engines }: Run) => total - engines;
  return [
    ...OPERATION_STEPS["cluster.create"].map((step) =>
      figure(
        step,
        cold.map(({ steps }) => steps[step] ?? 0),
        STEP_LIMITS[step].must,
        STEP_LIMITS[step].aim,
      ),
    ),
    figure(
      "before_engines",
      cold.map((run) => run.beforeEngines),
      20,
      8,
    ),
    figure(
      "engines",
      cold.map((run) => run.engines),
      180,
      45,
    ),
    figure(
      "total",
      cold.map((run) => run.total),
      200,
      60,
    ),
    figure("ours_beyond_engine", cold.map(ours), 40, 15),
    figure(
      "with_room.total",
      warm.map((run) => run.total),
      200,
      55,
    ),
    figure("with_room.ours_beyond_engine", warm.map(ours), 35, 10),
  ];
}
