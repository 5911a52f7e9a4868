import type { LaunchOption } from "../types.ts";
import type { RebalancePlan, RebalanceRules, RebalanceStep, RunningInstance, RunningNode } from "./rebalance-plan.ts";

export type RebalanceRule =
  | "unknown"
  | "order"
  | "not_there"
  | "moved_twice"
  | "unmovable"
  | "closed_target"
  | "capacity"
  | "conflict"
  | "tenant_share"
  | "zone"
  | "headroom"
  | "not_empty"
  | "not_removed"
  | "node_left_alone"
  | "option_closed"
  | "launch_closed"
  | "pool_full"
  | "spend_cap"
  | "cluster_at_once"
  | "most_moves"
  | "nodes_per_hour"
  | "most_hours"
  | "below_threshold"
  | "figures";

export interface RebalanceViolation {
  readonly rule: RebalanceRule;
  /** Index of the step; of the whole plan or an action: the number of steps. */
  readonly step: number;
  readonly detail: string;
}

/**
 * Replays a plan step by step and lists every rule that it breaks. Separate from the planner on purpose, slow and obvious:
 * it keeps books of its own, and looks at the whole of each node that a step touches. An empty list is the leave to execute.
 *
 * What holds after each step, so that a plan may stop anywhere; and as a round may be done at once, an instance weighs on
 * both its nodes until its round is over. A node takes nothing more from the first step that empties it, and its room
 * counts for nothing.
 */
export function checkRebalance(
  fleet: readonly RunningNode[],
  options: readonly LaunchOption[],
  rules: RebalanceRules,
  now: Date,
  plan: RebalancePlan,
): RebalanceViolation[] {
  const violations: RebalanceViolation[] = [];
  const state = new Map<string, Place>();
  for (const node of fleet) {
    state.set(node.name, {
      ...node,
      instances: [...node.instances],
      leaving: [],
      takes: node.closed === undefined && !node.coming && node.markedForDrain !== true,
      keepsRoom: node.closed === undefined && node.markedForDrain !== true,
    });
  }
  const everyone = fleet.flatMap((node) => node.instances);
  const atStart = groupsOf(state, rules).map((group) => ({ ...group, left: phantomsIn(state, group) }));
  const launchedBy = new Map<string, RebalanceStep>();
  const moved = new Set<string>();
  const inRound = new Set<string>();
  const emptied = new Map<string, Map<string, Set<string>>>();
  const pools = new Map<string, { machines: number; spend: number }>();
  for (const { poolId, poolRoom, poolSpendRoomMicroUsdPerHour: spend = Number.POSITIVE_INFINITY } of options) {
    const known = pools.get(poolId);
    pools.set(poolId, {
      machines: Math.min(poolRoom, known?.machines ?? poolRoom),
      spend: Math.min(spend, known?.spend ?? spend),
    });
  }
  let at = 0;
  const add = (rule: RebalanceRule, detail: string) => violations.push({ rule, step: at, detail });

  let before: RebalanceStep | undefined;
  for (const step of plan.steps) {
    if (before !== undefined && (step.round < before.round || step.hour < before.hour))
      add("order", "goes back in time");
    if (before !== undefined && step.hour !== before.hour && step.round === before.round)
      add("order", "a round is of one hour");
    if (step.hour >= rules.mostHours) add("most_hours", `hour ${step.hour}`);
    if (before === undefined || step.round !== before.round) {
      inRound.clear();
      for (const place of state.values()) place.leaving.length = 0;
    }
    replay(step);
    for (const group of atStart) {
      const left = phantomsIn(state, group);
      if (left < Math.min(group.left, group.instances)) {
        add("headroom", `${left} of ${group.instances} in ${group.poolId}, ${group.zone}`);
      }
    }
    before = step;
    at += 1;
  }
  wholePlan();
  return violations;

  function replay(step: RebalanceStep): void {
    if (step.kind === "launch") launch(step);
    else if (step.kind === "move") move(step);
    else remove(step);
  }

  function launch(step: Extract<RebalanceStep, { kind: "launch" }>): void {
    const { machine, poolId, zone, machineType } = step;
    const option = options.find((one) => one.poolId === poolId && one.zone === zone && one.machineType === machineType);
    if (option === undefined || state.has(machine)) return void add("unknown", `${machine}: ${machineType} in ${zone}`);
    if (option.closed !== undefined) add("option_closed", `${machineType}: ${option.closed}`);
    if (option.priceMicroUsdPerHour !== step.priceMicroUsdPerHour) add("figures", `price of ${machineType}`);
    const pool = pools.get(poolId) ?? { machines: 0, spend: 0 };
    pool.machines -= 1;
    pool.spend -= option.priceMicroUsdPerHour;
    if (pool.machines < 0) add("pool_full", poolId);
    if (pool.spend < 0) add("spend_cap", poolId);
    state.set(machine, { ...option, name: machine, instances: [], leaving: [], takes: true, keepsRoom: true });
    launchedBy.set(machine, step);
    expectFigures(step, -priceOf(option), 0, 0);
  }

  function move(step: Extract<RebalanceStep, { kind: "move" }>): void {
    const { instanceId, from, to } = step;
    const source = state.get(from);
    const target = state.get(to);
    const instance = source?.instances.find((one) => one.instanceId === instanceId);
    if (source === undefined || target === undefined) return void add("unknown", `${from} to ${to}`);
    if (instance === undefined || source === target) return void add("not_there", `${instanceId} on ${from}`);
    empty(source, step);
    if (moved.has(instanceId)) add("moved_twice", instanceId);
    moved.add(instanceId);
    if (inRound.has(instance.clusterId)) add("cluster_at_once", instance.clusterId);
    inRound.add(instance.clusterId);
    const why = [
      instance.clusterIsGreen ? "" : "not green",
      instance.hasIndexWithoutReplicas ? "an index without replicas" : "",
      instance.backupIsRunning ? "a backup runs" : "",
      instance.upgradeIsRunning ? "an upgrade runs" : "",
      instance.factsAreUnknown ? "nobody could be asked" : "",
    ].filter((one) => one !== "");
    if (why.length > 0) add("unmovable", `${instanceId}: ${why.join(", ")}`);
    if (!target.takes) add("closed_target", to);
    const launched = launchedBy.get(to);
    if (launched !== undefined && launched.round >= step.round) add("order", `${to} is launched in the same round`);
    if (launched !== undefined && instance.launchClosed !== undefined) add("launch_closed", instanceId);
    if (target.zone !== instance.zone) add("zone", `${instanceId} of ${instance.zone} to ${target.zone}`);
    source.instances.splice(source.instances.indexOf(instance), 1);
    source.leaving.push(instance);
    target.instances.push(instance);
    lookAt(target, instance);
    const minutes = Math.ceil(
      instance.volumes * rules.costs.reattachMinutes + instance.storedGib / rules.costs.recoveryGibPerMinute,
    );
    expectFigures(step, 0, Math.ceil(rules.costs.restartMicroUsd + minutes * rules.costs.minuteMicroUsd), minutes);
  }

  /** All that the node bears now, with what is on its way off. */
  function lookAt(target: Place, arrived: RunningInstance): void {
    const all = [...target.instances, ...target.leaving];
    const { cpuMilli, memoryMib, volumes, pods } = target.allocatable;
    const over = (dimension: string, used: number, room: number) => {
      if (used > room) add("capacity", `${target.name}: ${dimension} ${used} of ${room}`);
    };
    over(
      "cpu",
      total(all, (one) => one.cpuMilli),
      cpuMilli,
    );
    over(
      "memory",
      total(all, (one) => one.memoryMib),
      memoryMib,
    );
    over(
      "volumes",
      total(all, (one) => one.volumes),
      volumes,
    );
    over("pods", all.length, pods);
    for (const other of all) {
      if (other === arrived || other.clusterId !== arrived.clusterId) continue;
      const both = (other.holdsData && arrived.holdsData) || (other.masterEligible && arrived.masterEligible);
      if (both) add("conflict", `${other.instanceId} and ${arrived.instanceId} on ${target.name}`);
    }
    const share = rules.policy.pools?.find((one) => one.poolId === target.poolId)?.tenantSharePercent ?? 100;
    const ofTenant = (some: readonly RunningInstance[]) =>
      some.filter((one) => one.organizationId === arrived.organizationId).length;
    const limit = Math.max(1, Math.floor((ofTenant(everyone) * share) / 100));
    if (share < 100 && ofTenant(all) > limit) {
      add("tenant_share", `${target.name}: ${ofTenant(all)} of ${arrived.organizationId}, at most ${limit}`);
    }
  }

  function remove(step: Extract<RebalanceStep, { kind: "remove" }>): void {
    const node = state.get(step.node);
    if (node === undefined) return void add("unknown", step.node);
    if (node.instances.length > 0) add("not_empty", step.node);
    if (node.leaving.length > 0) add("order", `${step.node} goes while instances leave it`);
    empty(node, step);
    state.delete(step.node);
    const pool = pools.get(node.poolId);
    if (pool !== undefined) {
      pool.machines += 1;
      pool.spend += node.priceMicroUsdPerHour;
    }
    expectFigures(step, priceOf(node), 0, 0);
  }

  /** From now on it takes nothing. */
  function empty(node: Place, step: RebalanceStep): void {
    const known = fleet.find((one) => one.name === node.name);
    if (known === undefined) return void add("unknown", `${node.name} is not a node of the fleet`);
    const young = now.getTime() - known.readyAt.getTime() < rules.leastNodeMinutes * 60_000;
    if (known.closed !== undefined || known.coming || young) add("node_left_alone", node.name);
    node.takes = false;
    node.keepsRoom = false;
    const ofHour = emptied.get(`${step.hour} ${node.zone}`) ?? new Map<string, Set<string>>();
    emptied.set(`${step.hour} ${node.zone}`, ofHour);
    ofHour.set(node.name, new Set());
    const most = rules.nodesPerZonePerHour - (step.hour === 0 ? (rules.emptiedInLastHour[node.zone] ?? 0) : 0);
    if (ofHour.size > most)
      add("nodes_per_hour", `${ofHour.size} in ${node.zone} in hour ${step.hour}, at most ${most}`);
  }

  function wholePlan(): void {
    if (moved.size > rules.mostMoves) add("most_moves", `${moved.size} of ${rules.mostMoves}`);
    const left = new Set(plan.steps.flatMap((step) => (step.kind === "move" ? [step.from] : [])));
    for (const name of left) if (state.has(name)) add("not_removed", name);
    plan.actions.forEach((action, index) => {
      const steps = plan.steps.filter((step) => step.action === index);
      const saving = total(steps, (one) => one.savingMicroUsdPerHour);
      const cost = total(steps, (one) => one.costMicroUsd);
      if (saving <= 0 || saving * rules.horizonHours <= rules.leastSavingPerCost * cost) {
        add("below_threshold", `action ${index} saves ${saving} an hour for ${cost}`);
      }
      const isSame =
        action.savingMicroUsdPerHour === saving &&
        action.costMicroUsd === cost &&
        action.moves === steps.filter((one) => one.kind === "move").length &&
        action.disruptedMinutes === total(steps, (one) => one.disruptedMinutes);
      if (!isSame) add("figures", `action ${index}`);
    });
    const of = (kind: RebalanceStep["kind"]) => plan.steps.filter((step) => step.kind === kind).length;
    const isSum =
      plan.steps.every((step) => plan.actions[step.action] !== undefined) &&
      plan.savingMicroUsdPerHour === total(plan.steps, (one) => one.savingMicroUsdPerHour) &&
      plan.costMicroUsd === total(plan.steps, (one) => one.costMicroUsd) &&
      plan.disruptedMinutes === total(plan.steps, (one) => one.disruptedMinutes) &&
      plan.moves === of("move") &&
      plan.launches === of("launch") &&
      plan.removals === of("remove");
    if (!isSum) add("figures", "totals");
  }

  function expectFigures(step: RebalanceStep, saving: number, cost: number, minutes: number): void {
    const { savingMicroUsdPerHour, costMicroUsd, disruptedMinutes } = step;
    if (savingMicroUsdPerHour !== saving || costMicroUsd !== cost || disruptedMinutes !== minutes) {
      add("figures", `step of ${step.kind}`);
    }
  }

  function priceOf(one: { readonly machineType: string; readonly priceMicroUsdPerHour: number }): number {
    const known = rules.policy.marginalPrices?.find((price) => price.machineType === one.machineType);
    return known?.microUsdPerHour ?? one.priceMicroUsdPerHour;
  }
}

interface Place {
  readonly name: string;
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: LaunchOption["allocatable"];
  readonly instances: RunningInstance[];
  /** Gone in this round, and perhaps not yet. */
  readonly leaving: RunningInstance[];
  takes: boolean;
  keepsRoom: boolean;
}

interface HeadroomGroup {
  readonly poolId: string;
  readonly zone: string;
  readonly instances: number;
  readonly shape: { readonly cpuMilli: number; readonly memoryMib: number; readonly volumes: number };
}

function groupsOf(state: ReadonlyMap<string, Place>, { policy }: RebalanceRules): HeadroomGroup[] {
  const zones = [...new Set([...state.values()].map((one) => one.zone))];
  return (policy.pools ?? []).flatMap(({ poolId, headroom }) =>
    headroom === undefined
      ? []
      : zones.map((zone) => ({ poolId, zone, instances: headroom.instances, shape: headroom })),
  );
}

/** How many phantoms the group's nodes could still take: added one by one while they fit. */
function phantomsIn(state: ReadonlyMap<string, Place>, { poolId, zone, shape }: HeadroomGroup): number {
  let phantoms = 0;
  for (const node of state.values()) {
    if (node.poolId !== poolId || node.zone !== zone || !node.keepsRoom) continue;
    const { allocatable, instances } = node;
    const cpu = total(instances, (one) => one.cpuMilli);
    const memory = total(instances, (one) => one.memoryMib);
    const volumes = total(instances, (one) => one.volumes);
    for (
      let more = 1;
      instances.length + more <= allocatable.pods &&
      cpu + more * shape.cpuMilli <= allocatable.cpuMilli &&
      memory + more * shape.memoryMib <= allocatable.memoryMib &&
      volumes + more * shape.volumes <= allocatable.volumes;
      more++
    ) {
      phantoms += 1;
    }
  }
  return phantoms;
}

function total<T>(of: readonly T[], value: (one: T) => number): number {
  return of.reduce((sum, one) => sum + value(one), 0);
}
