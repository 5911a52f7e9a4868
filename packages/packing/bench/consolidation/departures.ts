import { seededRandom } from "@berth/domain";
import { openSolver } from "@berth/solver";
import {
  ColdPlan,
  checkRebalance,
  type InstanceRequest,
  type LaunchOption,
  openFleet,
  type PackingCase,
  planMoves,
  type RebalanceRules,
  type RunningNode,
  STANDARD_POLICY,
  STANDARD_REBALANCE,
} from "../../src/index.ts";
import { referenceFleet } from "../placement/reference-fleet.ts";
import { priceOf, runningFleet } from "./running-fleet.ts";

/** ES-10k, placed cluster by cluster; then some clusters leave, drawn by chance. */
export interface Departed {
  readonly fleet: readonly RunningNode[];
  readonly options: readonly LaunchOption[];
  readonly instances: number;
  readonly priceMicroUsdPerHour: number;
  /** Of the same instances planned anew. */
  readonly freshMicroUsdPerHour: number;
  /** No fleet of these instances costs less, so far as the rounds of column generation showed. */
  readonly boundMicroUsdPerHour: number;
}

const POLICY = { explains: false, pools: [{ poolId: "pool", ...STANDARD_POLICY }] };
const LEAVING_PERCENT = 35;
const SEED = 1;
/** Of the fresh plan: rounds of column generation, and iterations of the search after them. */
const ROUNDS = 100;
const ITERATIONS = 10_000;

export async function departed(): Promise<Departed> {
  const { options, clusters } = referenceFleet(SEED, { instances: 10_000, volumes: "1" });
  const fleet = openFleet([], options, POLICY, clusters.flat());
  for (const cluster of clusters) fleet.place(cluster);
  const random = seededRandom(SEED);
  const staying: InstanceRequest[] = [];
  for (const cluster of clusters) {
    if (random.chance(LEAVING_PERCENT)) fleet.release(cluster.map((one) => one.instanceId));
    else staying.push(...cluster);
  }
  const nodes = runningFleet(fleet.nodes());
  const fresh = await planAnew(options, staying);
  return { fleet: nodes, options, instances: staying.length, priceMicroUsdPerHour: priceOf(nodes), ...fresh };
}

async function planAnew(options: readonly LaunchOption[], instances: readonly InstanceRequest[]) {
  const zones = [...new Set(options.map((option) => option.zone))];
  const types = options.filter((option) => option.zone === zones[0]);
  const problem: PackingCase = {
    types: types.map(({ machineType, priceMicroUsdPerHour, allocatable: { pods, ...room } }) => ({
      ...room,
      name: machineType,
      priceMicroUsdPerHour,
      instances: pods,
      zones,
    })),
    instances: instances.map(({ instanceId, clusterId, organizationId, cpuMilli, memoryMib, volumes, zone }) => {
      const size = { cpuMilli, memoryMib, volumes };
      return { name: instanceId, cluster: clusterId, tenant: organizationId, ...size, zones: [zone] };
    }),
  };
  const solver = await openSolver();
  try {
    const plan = await ColdPlan.open(problem, STANDARD_POLICY, solver, { seed: SEED, gap: 1e-3 });
    await plan.generateColumns(ROUNDS);
    await plan.useColumns();
    plan.improve(ITERATIONS);
    const prices = {
      freshMicroUsdPerHour: plan.costMicroUsdPerHour,
      boundMicroUsdPerHour: plan.boundMicroUsdPerHour,
    };
    await plan.close();
    return prices;
  } finally {
    await solver.close();
  }
}

export interface Recovered {
  readonly moves: number;
  /** Of what a plan from nothing would save, in percent. */
  readonly percent: number;
  readonly afterMicroUsdPerHour: number;
  readonly violations: number;
  readonly cpuSeconds: number;
  readonly costMicroUsd: number;
}

/** What consolidation brings back with so many moves, of what a plan from nothing would. */
export function recover(departed: Departed, mostMoves: number, iterations: number): Recovered {
  const { fleet, options, priceMicroUsdPerHour, freshMicroUsdPerHour } = departed;
  const limits = { nodesPerZonePerHour: 20, mostHours: 48, mostMoves, iterations };
  const rules: RebalanceRules = { ...STANDARD_REBALANCE, policy: POLICY, ...limits };
  const now = new Date("2026-11-28T00:00:00Z");
  const cpuBefore = process.cpuUsage();
  const plan = planMoves(fleet, options, rules, now);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    moves: plan.moves,
    percent: (100 * plan.savingMicroUsdPerHour) / (priceMicroUsdPerHour - freshMicroUsdPerHour),
    afterMicroUsdPerHour: priceMicroUsdPerHour - plan.savingMicroUsdPerHour,
    violations: checkRebalance(fleet, options, rules, now, plan).length,
    cpuSeconds: (user + system) / 1e6,
    costMicroUsd: plan.costMicroUsd,
  };
}

/**
 * The most that any plan with so many moves could bring back, in percent, whoever makes it: a node that goes must lose each
 * instance that it has, so at best those go that cost most for each of theirs, the last one in part.
 */
export function mostRecoverable(departed: Departed, mostMoves: number): number {
  const { fleet, priceMicroUsdPerHour, freshMicroUsdPerHour } = departed;
  const perInstance = (node: RunningNode) => node.priceMicroUsdPerHour / Math.max(1e-9, node.instances.length);
  let left = mostMoves;
  let saved = 0;
  for (const node of [...fleet].sort((a, b) => perInstance(b) - perInstance(a))) {
    const share = node.instances.length <= left ? 1 : left / node.instances.length;
    saved += share * node.priceMicroUsdPerHour;
    left -= share * node.instances.length;
  }
  return (100 * saved) / (priceMicroUsdPerHour - freshMicroUsdPerHour);
}
