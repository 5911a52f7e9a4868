import { type SeededRandom, seededRandom } from "@berth/domain";
import { checkPlacement, type Violation } from "../check-placement.ts";
import { openFleet } from "../fleet/fleet.ts";
import type {
  FleetPolicy,
  InstanceRequest,
  LaunchOption,
  NodeState,
  PlacementPlan,
  PlannedMachine,
  PoolRules,
} from "../types.ts";

/** What a random fleet went through. */
export interface RandomFleetRun {
  /** Every plan in words: the same for the same seed. */
  readonly plans: readonly string[];
  readonly violations: readonly Violation[];
  readonly placed: number;
  readonly refused: number;
  /** Instances that were refused though a node or an option would have held them. */
  readonly wronglyRefused: readonly string[];
}

/** Refusals of a plan that are looked into: each is tried everywhere. */
const MOST_TRIED = 2;
const POOLS = ["p1", "p2"];
const SIZES = [
  { cpuMilli: 250, memoryMib: 1024, volumes: 1 },
  { cpuMilli: 500, memoryMib: 2048, volumes: 1 },
  { cpuMilli: 1000, memoryMib: 4096, volumes: 2 },
  { cpuMilli: 1000, memoryMib: 8192, volumes: 1 },
  { cpuMilli: 4000, memoryMib: 16_384, volumes: 3 },
  { cpuMilli: 3000, memoryMib: 32_768, volumes: 1 },
];

/**
 * A small fleet of its own for each seed, through some events: clusters are placed, one or several at once; instances and
 * nodes go, nodes are closed and opened, planned machines arrive or never come. Keeps its own books beside the fleet's, has
 * every plan checked against them, and tries every node and option for some of what is refused.
 */
export function runRandomFleet(seed: number, { events = 6, triesRefused = true } = {}): RandomFleetRun {
  const random = seededRandom(seed);
  const zones = ["a", "b", "c"].slice(0, 1 + random.integer(3));
  const policy: FleetPolicy = {
    pools: POOLS.map((poolId) => randomRules(random, poolId)),
    explains: random.chance(70),
  };
  let options = randomOptions(random, zones);
  let nodes = Array.from({ length: random.integer(6) }, (_, index) => randomNode(random, zones, `n${index}`));
  const fleet = openFleet(nodes, options, policy);
  const plans: string[] = [];
  const violations: Violation[] = [];
  const wronglyRefused: string[] = [];
  let placed = 0;
  let refused = 0;
  let clusters = 0;

  const place = () => {
    const requests = Array.from({ length: 1 + random.integer(3) }, () =>
      randomCluster(random, zones, clusters++),
    ).flat();
    const plan = fleet.place(requests);
    plans.push(JSON.stringify(plan));
    violations.push(...checkPlacement(requests, nodes, options, plan, policy));
    let tried = 0;
    for (const { outcome, instanceId } of plan.assignments) {
      if (outcome !== "refused") placed += 1;
      else {
        refused += 1;
        if (triesRefused && tried++ < MOST_TRIED && couldBePlaced(instanceId, requests, nodes, options, plan, policy))
          wronglyRefused.push(instanceId);
      }
    }
    nodes = afterPlan(nodes, requests, plan);
    options = optionsAfter(options, plan.machines, 1);
  };
  const leave = () => {
    const all = nodes.flatMap((node) => node.instances);
    if (all.length === 0) return;
    const { clusterId } = random.pick(all);
    fleet.release(all.filter((one) => one.clusterId === clusterId).map((one) => one.instanceId));
    nodes = nodes.map((node) => ({ ...node, instances: node.instances.filter((one) => one.clusterId !== clusterId) }));
  };
  const lose = () => {
    if (nodes.length === 0) return;
    const lost = random.pick(nodes);
    fleet.removeNode(lost.name);
    options = optionsAfter(options, [lost], -1);
    nodes = nodes.filter((node) => node.name !== lost.name);
  };
  const close = () => {
    if (nodes.length === 0) return;
    const { name, closed } = random.pick(nodes);
    const because = closed === undefined ? "draining" : undefined;
    fleet.closeNode(name, because);
    nodes = nodes.map(({ closed: before, ...node }) => {
      if (node.name !== name) return before === undefined ? node : { ...node, closed: before };
      return because === undefined ? node : { ...node, closed: because };
    });
  };
  const arrive = () => {
    const node = randomNode(random, zones, `late${clusters++}`);
    fleet.addNode(node);
    options = optionsAfter(options, [node], 1);
    nodes = [...nodes, node];
  };

  place();
  for (let event = 0; event < events; event++) random.pick([place, place, place, leave, lose, close, arrive])();
  if (stateOf(fleet.nodes()) !== stateOf(nodes)) throw new Error(`seed ${seed}: the fleet's books are not ours`);
  return { plans, violations, placed, refused, wronglyRefused };
}

function randomRules(random: SeededRandom, poolId: string): PoolRules {
  return {
    poolId,
    ...(random.chance(40) ? { tenantSharePercent: random.pick([5, 20, 50]) } : {}),
    ...(random.chance(30) ? { headroom: { instances: 1 + random.integer(4), ...random.pick(SIZES) } } : {}),
  };
}

function randomOptions(random: SeededRandom, zones: readonly string[]): LaunchOption[] {
  return POOLS.slice(0, 1 + random.integer(2)).flatMap((poolId) => {
    const room = { poolRoom: random.integer(16) };
    const spend = random.chance(30) ? { poolSpendRoomMicroUsdPerHour: random.integer(4_000_000) } : {};
    return [2, 4, 8, 16]
      .filter(() => random.chance(70))
      .flatMap((cores) =>
        zones.map((zone): LaunchOption => {
          const closed = random.chance(15) ? random.pick(["insufficient_capacity", "zone_held"]) : undefined;
          return {
            poolId,
            zone,
            machineType: `m${cores}`,
            priceMicroUsdPerHour: cores * (45_000 + random.integer(10_000)),
            allocatable: { cpuMilli: cores * 950, memoryMib: cores * 3800, volumes: 6 + random.integer(24), pods: 8 },
            ...room,
            ...spend,
            ...(closed === undefined ? {} : { closed }),
          };
        }),
      );
  });
}

function randomNode(random: SeededRandom, zones: readonly string[], name: string): NodeState {
  const cores = random.pick([2, 4, 8, 16]);
  return {
    name,
    poolId: random.pick(POOLS),
    zone: random.pick(zones),
    machineType: `m${cores}`,
    priceMicroUsdPerHour: cores * 50_000,
    allocatable: { cpuMilli: cores * 950, memoryMib: cores * 3800, volumes: 6 + random.integer(24), pods: 8 },
    coming: random.chance(20),
    instances: [],
    ...(random.chance(15) ? { markedForDrain: true } : {}),
    ...(random.chance(15) ? { closed: "not_ready" } : {}),
  };
}

function randomCluster(random: SeededRandom, zones: readonly string[], ordinal: number): InstanceRequest[] {
  const size = random.pick(SIZES);
  const organizationId = `o${random.integer(4)}`;
  const duties = random.pick([
    { holdsData: true, masterEligible: true },
    { holdsData: true, masterEligible: false },
    { holdsData: false, masterEligible: true },
    { holdsData: false, masterEligible: false },
  ]);
  const launchClosed = random.chance(5) ? { launchClosed: "launch_quarantined" } : {};
  return Array.from({ length: 1 + random.integer(6) }, (_, index) => ({
    instanceId: `c${ordinal}-${index}`,
    clusterId: `c${ordinal}`,
    organizationId,
    ...size,
    zone: zones[index % zones.length] as string,
    ...duties,
    ...launchClosed,
  }));
}

function afterPlan(
  nodes: readonly NodeState[],
  requests: readonly InstanceRequest[],
  plan: PlacementPlan,
): NodeState[] {
  const targetOf = new Map(
    plan.assignments.map((one) => [one.instanceId, one.outcome === "placed" ? one.node : undefined]),
  );
  const machines = plan.machines.map(({ alternatives: _, ...machine }) => ({ ...machine, coming: true }));
  return [
    ...nodes.map((node) => ({
      ...node,
      instances: [...node.instances, ...requests.filter((one) => targetOf.get(one.instanceId) === node.name)],
    })),
    ...machines,
  ];
}

/** With so many machines of each pool more, or fewer. */
function optionsAfter(
  options: readonly LaunchOption[],
  machines: readonly Pick<PlannedMachine, "poolId" | "priceMicroUsdPerHour">[],
  sign: 1 | -1,
): LaunchOption[] {
  return options.map((option) => {
    const ofPool = machines.filter((one) => one.poolId === option.poolId);
    const spent = sign * ofPool.reduce((sum, one) => sum + one.priceMicroUsdPerHour, 0);
    const spend = option.poolSpendRoomMicroUsdPerHour;
    return {
      ...option,
      poolRoom: option.poolRoom - sign * ofPool.length,
      ...(spend === undefined ? {} : { poolSpendRoomMicroUsdPerHour: spend - spent }),
    };
  });
}

/** Whether the plan would break no rule with this instance added to it, anywhere. */
function couldBePlaced(
  instanceId: string,
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  plan: PlacementPlan,
  policy: FleetPolicy,
): boolean {
  // What the machines may fall back on leaves less to spend than they do.
  const machines = plan.machines.map((machine) => ({ ...machine, alternatives: [] }));
  const others = plan.assignments.filter((one) => one.instanceId !== instanceId);
  const zone = requests.find((one) => one.instanceId === instanceId)?.zone;
  const here = (one: { readonly zone: string; readonly closed?: string }) =>
    one.zone === zone && one.closed === undefined;
  const why = { instanceId, candidates: [], considered: 0, refusals: [] };
  const plans: PlacementPlan[] = [
    ...nodes
      .filter(here)
      .map(({ name }) => ({ machines, assignments: [...others, { outcome: "placed" as const, node: name, ...why }] })),
    ...machines.flatMap((one, machine) =>
      here(one) ? [{ machines, assignments: [...others, { outcome: "new_machine" as const, machine, ...why }] }] : [],
    ),
    ...options.filter(here).map((option) => ({
      machines: [...machines, { ...option, name: "another", alternatives: [], instances: [] }],
      assignments: [...others, { outcome: "new_machine" as const, machine: machines.length, ...why }],
    })),
  ];
  return plans.some((one) => checkPlacement(requests, nodes, options, one, policy).length === 0);
}

function stateOf(nodes: readonly NodeState[]): string {
  return JSON.stringify(
    nodes
      .map(({ name, closed, machineType, instances }) => [
        name,
        closed ?? "",
        machineType,
        ...instances.map((one) => one.instanceId).sort(),
      ])
      .sort(),
  );
}
