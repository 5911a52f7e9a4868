import type { LaunchOption } from "../types.ts";
import { type Evacuation, openEvacuationFleet } from "./evacuation.ts";
import { minutesAway, moveCost, whyUnmovable } from "./move-cost.ts";
import { poolRooms } from "./pool-rooms.ts";
import type {
  HeldCount,
  HeldReason,
  RebalanceAction,
  RebalanceKind,
  RebalancePlan,
  RebalanceRules,
  RebalanceStep,
  RunningNode,
} from "./rebalance-plan.ts";
import { type Scheduled, scheduleEvacuations } from "./schedule.ts";
import { searchEvacuations } from "./search.ts";

/** What holds unless a caller says otherwise. */
export const STANDARD_REBALANCE: RebalanceRules = {
  policy: {},
  horizonHours: 30 * 24,
  costs: { restartMicroUsd: 100_000, reattachMinutes: 2, recoveryGibPerMinute: 6, minuteMicroUsd: 10_000 },
  leastSavingPerCost: 2,
  mostMoves: 100,
  nodesPerZonePerHour: 5,
  emptiedInLastHour: {},
  mostHours: 24,
  leastNodeMinutes: 20,
  seed: 1,
  iterations: 2000,
};

/**
 * Moves that make a running fleet cheaper than they cost: nodes are emptied into room that there is, or onto cheaper
 * machines, and removed. Minimises price x horizon + cost of the moves within the budgets of the rules.
 *
 * Pure: the same arguments give the same plan, byte for byte. A node whose instance may not move stays, and so does each
 * that does not pay; `held` counts them by reason. An instance moves at most once, within its zone. check-rebalance proves
 * a plan before it is executed.
 *
 * O((nodes + iterations) x instances of a node x nodes of a zone), and options² where machines are launched.
 */
export function planMoves(
  fleet: readonly RunningNode[],
  options: readonly LaunchOption[],
  rules: RebalanceRules,
  now: Date,
): RebalancePlan {
  const nodes = [...fleet].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const evacuationFleet = openEvacuationFleet(nodes, options, rules);
  const found = searchEvacuations(nodes, evacuationFleet, poolRooms(options), rules, now);
  for (const one of found.evacuations) evacuationFleet.undo(one);
  const { scheduled, leftOut } = scheduleEvacuations(
    nodes,
    evacuationFleet,
    poolRooms(options),
    found.evacuations,
    rules,
  );
  const held = new Map(found.held);
  for (const [{ rows }, reason] of leftOut) for (const row of rows) held.set(row, reason);
  return toPlan(nodes, scheduled, held, evacuationFleet.priceOf, rules);
}

type PriceOf = (of: { readonly machineType: string; readonly priceMicroUsdPerHour: number }) => number;

function toPlan(
  nodes: readonly RunningNode[],
  scheduled: readonly Scheduled[],
  held: ReadonlyMap<number, HeldReason>,
  priceOf: PriceOf,
  rules: RebalanceRules,
): RebalancePlan {
  const names = newNames(nodes);
  const machines = scheduled.map(({ evacuation }) => evacuation.launches.map(names));
  const steps: RebalanceStep[] = [];
  let round = 0;
  for (let hour = 0; hour <= (scheduled.at(-1)?.hour ?? -1); hour++) {
    const ofHour = [...scheduled.entries()].filter(([, one]) => one.hour === hour);
    if (ofHour.length === 0) continue;
    const none = { savingMicroUsdPerHour: 0, costMicroUsd: 0, disruptedMinutes: 0 };
    for (const [action, { evacuation }] of ofHour) {
      for (const [index, option] of evacuation.launches.entries()) {
        const { poolId, zone, machineType, priceMicroUsdPerHour } = option;
        const machine = machines[action]?.[index] as string;
        const launch = { kind: "launch", machine, poolId, zone, machineType, priceMicroUsdPerHour } as const;
        steps.push({ action, hour, round, ...none, savingMicroUsdPerHour: -priceOf(option), ...launch });
      }
    }
    // No two instances of a cluster in one round.
    const movesOf = new Map<string, number>();
    const moving: RebalanceStep[] = [];
    let last = round;
    for (const [action, { evacuation }] of ofHour) {
      for (const { instance, from, to } of evacuation.moves) {
        const before = movesOf.get(instance.clusterId) ?? 0;
        movesOf.set(instance.clusterId, before + 1);
        last = Math.max(last, round + 1 + before);
        moving.push({
          action,
          hour,
          round: round + 1 + before,
          savingMicroUsdPerHour: 0,
          costMicroUsd: moveCost(instance, rules.costs),
          disruptedMinutes: minutesAway(instance, rules.costs),
          kind: "move",
          instanceId: instance.instanceId,
          from: (nodes[from] as RunningNode).name,
          to: to >= 0 ? (nodes[to] as RunningNode).name : (machines[action]?.[-1 - to] as string),
        });
      }
    }
    steps.push(...moving.sort((a, b) => a.round - b.round));
    for (const [action, { evacuation }] of ofHour) {
      for (const row of evacuation.rows) {
        const node = nodes[row] as RunningNode;
        const saving = { savingMicroUsdPerHour: priceOf(node) };
        steps.push({ action, hour, round: last + 1, ...none, ...saving, kind: "remove", node: node.name });
      }
    }
    round = last + 2;
  }
  const actions = scheduled.map(({ evacuation }, action): RebalanceAction => {
    const { rows, moves, savingMicroUsdPerHour, costMicroUsd } = evacuation;
    return {
      kind: kindOf(evacuation),
      nodes: rows.map((row) => (nodes[row] as RunningNode).name),
      machines: machines[action] ?? [],
      moves: moves.length,
      savingMicroUsdPerHour,
      costMicroUsd,
      disruptedMinutes: sum(moves, ({ instance }) => minutesAway(instance, rules.costs)),
    };
  });
  return {
    steps,
    actions,
    savingMicroUsdPerHour: sum(actions, (one) => one.savingMicroUsdPerHour),
    costMicroUsd: sum(actions, (one) => one.costMicroUsd),
    disruptedMinutes: sum(actions, (one) => one.disruptedMinutes),
    moves: sum(actions, (one) => one.moves),
    launches: sum(actions, (one) => one.machines.length),
    removals: sum(actions, (one) => one.nodes.length),
    hours: (scheduled.at(-1)?.hour ?? -1) + 1,
    held: heldCounts(nodes, held),
  };
}

function kindOf({ rows, launches }: Evacuation): RebalanceKind {
  if (launches.length === 0) return "drain";
  if (launches.length === 1) return rows.length === 1 ? "downsize" : "merge";
  return rows.length === 1 && launches.length === 2 ? "split" : "repack";
}

/** Names that no node has. */
function newNames(nodes: readonly RunningNode[]): () => string {
  const known = new Set(nodes.map((node) => node.name));
  let serial = 0;
  return () => {
    while (known.has(`machine-${serial}`)) serial += 1;
    return `machine-${serial++}`;
  };
}

function heldCounts(nodes: readonly RunningNode[], held: ReadonlyMap<number, HeldReason>): HeldCount[] {
  const counts = new Map<HeldReason, { nodes: number; instances: number }>();
  for (const [row, reason] of held) {
    const count = counts.get(reason) ?? { nodes: 0, instances: 0 };
    counts.set(reason, count);
    count.nodes += 1;
    const { instances } = nodes[row] as RunningNode;
    const concerned = instances.filter((one) => whyUnmovable(one) === reason).length;
    count.instances += concerned > 0 ? concerned : instances.length;
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, ...count }))
    .sort((a, b) => b.nodes - a.nodes || (a.reason < b.reason ? -1 : 1));
}

function sum<T>(of: readonly T[], value: (one: T) => number): number {
  return of.reduce((total, one) => total + value(one), 0);
}
