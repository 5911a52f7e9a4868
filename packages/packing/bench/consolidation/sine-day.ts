import { seededRandom } from "@berth/domain";
import {
  checkRebalance,
  type InstanceRequest,
  openFleet,
  planMoves,
  type RebalanceRules,
  STANDARD_POLICY,
  STANDARD_REBALANCE,
} from "../../src/index.ts";
import { referenceFleet } from "../placement/reference-fleet.ts";
import { priceOf, runningFleet } from "./running-fleet.ts";

export interface SineDay {
  /** Machines that were added: for what was placed, and to move onto. */
  readonly additions: number;
  readonly removals: number;
  readonly moves: number;
  readonly meanNodes: number;
  readonly meanUsdPerHour: number;
  /** Moves of actions that save no more than the threshold. */
  readonly movesBelowThreshold: number;
  /** Moves of instances whose cluster was not green. */
  readonly movesNotGreen: number;
  readonly violations: number;
}

const INSTANCES = 3000;
const TICK_MINUTES = 15;
const MINUTES = 24 * 60;
/** A cluster that lost an instance to a move is green again after this. */
const RECOVERY_MINUTES = 30;
/** In percent: clusters that are not green for a tick for reasons of their own. */
const UNWELL_PERCENT = 3;
const POLICY = { explains: false, pools: [{ poolId: "pool", ...STANDARD_POLICY }] };

/**
 * A day in which the number of clusters swings as a sine between 55 and 100 percent of ES-10k at 3,000 instances. Clusters
 * come and go every quarter of an hour; every hour a plan for the hour is made, checked and carried out, or none is made.
 */
export function sineDay(consolidates: boolean): SineDay {
  const { options, clusters } = referenceFleet(1, { instances: INSTANCES, volumes: "1" });
  const random = seededRandom(1);
  const fleet = openFleet([], options, POLICY, clusters.flat());
  const waiting = [...clusters];
  const running: (readonly InstanceRequest[])[] = [];
  const readyAt = new Map<string, Date>();
  const recovering = new Map<string, number>();
  const day = { additions: 0, removals: 0, moves: 0, movesBelowThreshold: 0, movesNotGreen: 0, violations: 0 };
  let nodes = 0;
  let price = 0;
  let ticks = 0;

  const comeAndGo = (minute: number) => {
    const share = 0.775 + 0.225 * Math.cos((2 * Math.PI * minute) / MINUTES);
    const wanted = Math.round(clusters.length * share);
    // A few are replaced besides.
    for (let churn = 0; churn < clusters.length / 200 || running.length > wanted; churn++) {
      const [gone] = running.splice(random.integer(running.length), 1);
      if (gone === undefined) break;
      fleet.release(gone.map((one) => one.instanceId));
      waiting.push(gone);
    }
    while (running.length < wanted) {
      const [next] = waiting.splice(random.integer(waiting.length), 1);
      if (next === undefined) break;
      for (const { name } of fleet.place(next).machines) {
        readyAt.set(name, new Date(minute * 60_000));
        if (minute > 0) day.additions += 1;
      }
      running.push(next);
    }
  };

  const consolidate = (minute: number) => {
    const unwell = new Set(running.filter(() => random.chance(UNWELL_PERCENT)).map((one) => one[0]?.clusterId));
    const isGreen = ({ clusterId }: InstanceRequest) =>
      !unwell.has(clusterId) && (recovering.get(clusterId) ?? 0) <= minute;
    const state = runningFleet(
      fleet.nodes(),
      (instance) => ({ clusterIsGreen: isGreen(instance) }),
      ({ name }) => readyAt.get(name) as Date,
    );
    const limits = { horizonHours: 12, mostHours: 1, nodesPerZonePerHour: 10, iterations: 300, seed: minute };
    const rules: RebalanceRules = { ...STANDARD_REBALANCE, policy: POLICY, ...limits };
    const now = new Date(minute * 60_000);
    const plan = planMoves(state, options, rules, now);
    day.violations += checkRebalance(state, options, rules, now, plan).length;
    day.moves += plan.moves;
    for (const { moves, savingMicroUsdPerHour, costMicroUsd } of plan.actions) {
      if (savingMicroUsdPerHour * rules.horizonHours <= rules.leastSavingPerCost * costMicroUsd) {
        day.movesBelowThreshold += moves;
      }
    }
    const instances = new Map(state.flatMap((node) => node.instances).map((one) => [one.instanceId, one]));
    for (const step of plan.steps) {
      if (step.kind === "launch") {
        const option = options.find((one) => one.zone === step.zone && one.machineType === step.machineType);
        if (option === undefined) throw new Error(`no option ${step.machineType}`);
        fleet.addNode({ ...option, name: step.machine, coming: true, instances: [] });
        readyAt.set(step.machine, now);
        day.additions += 1;
      } else if (step.kind === "move") {
        const instance = instances.get(step.instanceId);
        if (instance === undefined) throw new Error(`no instance ${step.instanceId}`);
        if (!instance.clusterIsGreen) day.movesNotGreen += 1;
        fleet.release([step.instanceId]);
        fleet.reserve(instance, step.to);
        recovering.set(instance.clusterId, minute + RECOVERY_MINUTES);
      } else {
        fleet.removeNode(step.node);
        day.removals += 1;
      }
    }
  };

  for (let minute = 0; minute < MINUTES; minute += TICK_MINUTES) {
    comeAndGo(minute);
    if (consolidates && minute % 60 === 0 && minute > 0) consolidate(minute);
    const now = fleet.nodes();
    nodes += now.length;
    price += priceOf(now);
    ticks += 1;
  }
  return { ...day, meanNodes: nodes / ticks, meanUsdPerHour: price / ticks / 1e6 };
}
