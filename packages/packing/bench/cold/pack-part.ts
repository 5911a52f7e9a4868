import { type BenchPart, es10k, type Figure, median, singleMachineTypes } from "@berth/testing";
import { checkPlan, oneMachineEach, STANDARD_POLICY } from "../../src/index.ts";
import { savingPercent, usdPerHour } from "../price.ts";
import type { Spent } from "../spent.ts";
import { type PlanFigures, planFigures } from "./plan-figures.ts";
import { type OurPlan, planAndProve } from "./plan-ours.ts";

export interface PackPartOptions {
  readonly seeds: readonly number[];
  readonly cpuSeconds: number;
  readonly boundCpuSeconds: number;
}

const KINDS = [
  { name: "es_10k", volumes: "1" },
  { name: "es_10k_v", volumes: "1-3" },
] as const;

/**
 * The cold plan of ES-10k with one volume an instance and with one to three, for each seed: what it costs beside its certified
 * bound, when it came so near, what it looks like, and what the verifier says. Each figure is the worst of the seeds; how fast a
 * plan was near the bound is told by the bound that was there in the end.
 */
export function packPart(options: PackPartOptions): BenchPart {
  return {
    name: "pack",
    measure: async (tell) => {
      const figures: Figure[] = [];
      for (const kind of KINDS) figures.push(...(await measureKind(kind, options, tell)));
      return figures;
    },
  };
}

async function measureKind(
  { name, volumes }: (typeof KINDS)[number],
  { seeds, cpuSeconds, boundCpuSeconds }: PackPartOptions,
  tell: (line: string) => void,
): Promise<Figure[]> {
  const rows: (ReturnType<typeof measured> & PlanFigures & { readonly violations: number })[] = [];
  for (const seed of seeds) {
    const packing = es10k(seed, { volumes });
    const ours = await planAndProve(packing, { seed, cpuSeconds, boundCpuSeconds });
    const each = usdPerHour(oneMachineEach({ ...packing, types: singleMachineTypes(packing.types) }));
    const burstable = usdPerHour(
      oneMachineEach({ ...packing, types: singleMachineTypes(packing.types, { burstable: true }) }),
    );
    const violations = checkPlan(packing, ours.plan, STANDARD_POLICY).length;
    const row = { ...measured(ours, each, burstable), ...planFigures(packing, ours.plan), violations };
    rows.push(row);
    tell(
      `pack: ${name}, seed ${seed}: ${usdPerHour(ours.plan).toFixed(2)} $/h on ${ours.plan.length} nodes, ` +
        `${row.costRatio.toFixed(4)} of the bound after ${told(ours.spent)}; <= 1.03 after ` +
        `${told(near(ours, 1.03))}, <= 1.02 after ${told(near(ours, 1.02))}; proof gap ${row.proofGapPercent.toFixed(2)} % ` +
        `after ${told(ours.bound)}; ${ours.verified ? "verified" : "refused"} in ${told(ours.verifier)}; density ` +
        `${row.meanDensity.toFixed(2)} (at most ${row.mostOnANode}), dominant utilization ` +
        `${row.dominantUtilizationPercent.toFixed(1)} %, ${violations} violations`,
    );
  }
  const most = (of: (row: (typeof rows)[number]) => number) => Math.max(...rows.map(of));
  const least = (of: (row: (typeof rows)[number]) => number) => Math.min(...rows.map(of));
  const lower = { better: "lower" } as const;
  const higher = { better: "higher" } as const;
  const figure = (
    what: string,
    value: number,
    unit: string,
    must: number,
    aim: number,
    better: typeof lower | typeof higher,
  ): Figure => ({ figure: `pack.${name}.${what}`, value, unit, must, aim, ...better });
  return [
    // In percent, as two places of a ratio say too little.
    figure("cost_over_bound", 100 * (most((row) => row.costRatio) - 1), "%", 2, 0.5, lower),
    figure("cost_over_bound_median", 100 * (median(rows.map((row) => row.costRatio)) - 1), "%", 2, 0.5, lower),
    figure(
      "cpu_seconds_to_1.03",
      most((row) => row.near3.cpuSeconds),
      "s",
      5,
      1,
      lower,
    ),
    figure(
      "seconds_to_1.03",
      most((row) => row.near3.seconds),
      "s",
      5,
      1,
      lower,
    ),
    figure(
      "cpu_seconds_to_1.02",
      most((row) => row.near2.cpuSeconds),
      "s",
      30,
      8,
      lower,
    ),
    figure(
      "seconds_to_1.02",
      most((row) => row.near2.seconds),
      "s",
      30,
      8,
      lower,
    ),
    figure(
      "proof_gap",
      most((row) => row.proofGapPercent),
      "%",
      1,
      0.3,
      lower,
    ),
    figure(
      "bound_cpu_seconds",
      most((row) => row.bound.cpuSeconds),
      "s",
      600,
      60,
      lower,
    ),
    figure(
      "verifier_cpu_seconds",
      most((row) => row.verifier.cpuSeconds),
      "s",
      60,
      10,
      lower,
    ),
    figure("refused_certificates", rows.filter((row) => !row.verified).length, "of them", 0, 0, lower),
    figure(
      "mean_density",
      least((row) => row.meanDensity),
      "a node",
      11,
      13,
      higher,
    ),
    figure(
      "saving_against_one_machine_each",
      least((row) => row.savingPercent),
      "%",
      35,
      50,
      higher,
    ),
    figure(
      "saving_against_burstable",
      least((row) => row.savingBurstablePercent),
      "%",
      20,
      40,
      higher,
    ),
    figure(
      "dominant_utilization",
      least((row) => row.dominantUtilizationPercent),
      "%",
      85,
      92,
      higher,
    ),
    figure(
      "blast_radius",
      most((row) => row.blastRadiusPercent),
      "%",
      0.2,
      0.2,
      lower,
    ),
    figure(
      "nodes_over_tenant_share",
      most((row) => row.nodesOverTenantShare),
      "nodes",
      0,
      0,
      lower,
    ),
    figure(
      "violations",
      most((row) => row.violations),
      "rules",
      0,
      0,
      lower,
    ),
  ];
}

function measured(ours: OurPlan, each: number, burstable: number) {
  const cost = usdPerHour(ours.plan);
  return {
    ...ours,
    costRatio: (cost * 1e6) / ours.lowerBound,
    near2: near(ours, 1.02),
    near3: near(ours, 1.03),
    proofGapPercent: 100 * (1 - ours.lowerBound / ours.masterCost),
    savingPercent: savingPercent(cost, each),
    savingBurstablePercent: savingPercent(cost, burstable),
  };
}

const NEVER: Spent = { cpuSeconds: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY };

/** When the plan first cost no more than so many times the bound. */
function near({ trace, lowerBound }: OurPlan, times: number): Spent {
  return trace.find(({ cost }) => cost <= times * lowerBound) ?? NEVER;
}

function told({ seconds, cpuSeconds }: Spent): string {
  return seconds === Number.POSITIVE_INFINITY ? "no time" : `${seconds.toFixed(1)} s (CPU ${cpuSeconds.toFixed(1)} s)`;
}
