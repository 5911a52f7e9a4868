import { createHash } from "node:crypto";
import { openSolver } from "@berth/solver";
import {
  ColdPlan,
  makeCertificate,
  type PackingCase,
  type PlanNode,
  runColdPlan,
  STANDARD_POLICY,
  verifyCertificate,
} from "../../src/index.ts";
import type { Planner } from "../price.ts";
import { progress, type Spent, stopwatch } from "../spent.ts";

const GAP = 1e-3;

/** Budgets are seconds of CPU, of all threads: a machine that others work on changes them less than the wall. */
export interface OurBudget {
  readonly seed: number;
  readonly cpuSeconds: number;
  readonly boundCpuSeconds: number;
}

export interface OurPlan {
  readonly plan: readonly PlanNode[];
  readonly spent: Spent;
  /** What the plan cost as time went on, in micro-dollars an hour; it never rises. */
  readonly trace: readonly (Spent & { readonly cost: number })[];
  readonly bound: Spent;
  /** Certified, in micro-dollars an hour. */
  readonly lowerBound: number;
  /** Of the restricted master program, in micro-dollars an hour. */
  readonly masterCost: number;
  readonly verified: boolean;
  readonly verifier: Spent;
}

/** The plan of a case as `npm run pack` makes it, its bound after it, and the verdict on the certificate. */
export async function planAndProve(packing: PackingCase, budget: OurBudget): Promise<OurPlan> {
  const say = progress();
  const solver = await openSolver();
  try {
    const watch = stopwatch();
    const plan = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed: budget.seed, gap: GAP });
    const trace: (Spent & { cost: number })[] = [];
    await runColdPlan(plan, () => {
      const cost = plan.costMicroUsdPerHour;
      const now = watch();
      if (trace.length === 0 || cost < (trace.at(-1)?.cost ?? 0)) trace.push({ ...now, cost });
      say(`${(cost / 1e6).toFixed(2)} $/h after ${now.cpuSeconds.toFixed(0)} s of CPU`);
      return now.cpuSeconds / budget.cpuSeconds;
    });
    const nodes = plan.plan();
    trace.push({ ...watch(), cost: plan.costMicroUsdPerHour });
    const spent = watch();

    const boundWatch = stopwatch();
    while (boundWatch().cpuSeconds < budget.boundCpuSeconds && !(await plan.generateColumns(1))) {
      say(`bound ${(plan.boundMicroUsdPerHour / 1e6).toFixed(2)} $/h`);
    }
    say(undefined);
    const bound = boundWatch();
    const typesText = JSON.stringify(packing.types);
    const instancesText = JSON.stringify(packing.instances);
    const certificate = makeCertificate(
      plan.blocks.map((block, index) => ({ block, values: plan.valuesFor(index) })),
      { typesSha256: sha256(typesText), instancesSha256: sha256(instancesText) },
    );
    const masterCost = plan.columns.reduce((sum, { cost }) => sum + cost, 0);
    await plan.close();
    const verifierWatch = stopwatch();
    const { verified } = verifyCertificate({
      typesText,
      instancesText,
      certificateText: JSON.stringify(certificate),
      sha256,
    });
    const lowerBound = Number(certificate.lowerBound) / 1e3;
    return { plan: nodes, spent, trace, bound, lowerBound, masterCost, verified, verifier: verifierWatch() };
  } finally {
    await solver.close();
  }
}

/** Ours, beside others that plan the same case. */
export function ourPlanner(cpuSeconds: number): Planner {
  return async (packing) => {
    const solver = await openSolver();
    try {
      const watch = stopwatch();
      const plan = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed: 1, gap: GAP });
      await runColdPlan(plan, () => watch().cpuSeconds / cpuSeconds);
      const nodes = plan.plan();
      await plan.close();
      return nodes;
    } finally {
      await solver.close();
    }
  };
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
