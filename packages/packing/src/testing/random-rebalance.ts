import { type SeededRandom, seededRandom } from "@berth/domain";
import { STANDARD_REBALANCE } from "../consolidation/plan-moves.ts";
import type { RebalanceRules, RunningInstance, RunningNode } from "../consolidation/rebalance-plan.ts";
import { openFleet } from "../fleet/fleet.ts";
import type { FleetPolicy, InstanceRequest, LaunchOption, NodeState } from "../types.ts";

export interface RandomRebalance {
  readonly fleet: readonly RunningNode[];
  readonly options: readonly LaunchOption[];
  readonly rules: RebalanceRules;
  readonly now: Date;
}

const NOW = Date.UTC(2026, 10, 28);
const POOLS = ["p1", "p2"];
const SIZES = [
  { cpuMilli: 250, memoryMib: 1024, volumes: 1 },
  { cpuMilli: 500, memoryMib: 2048, volumes: 1 },
  { cpuMilli: 1000, memoryMib: 4096, volumes: 2 },
  { cpuMilli: 1000, memoryMib: 8192, volumes: 1 },
  { cpuMilli: 4000, memoryMib: 16_384, volumes: 3 },
];

/** A small fleet that was placed by its rules and that some clusters have left, with rules of its own for each seed. */
export function randomRebalance(seed: number): RandomRebalance {
  const random = seededRandom(seed);
  const zones = ["a", "b", "c"].slice(0, 1 + random.integer(3));
  const policy: FleetPolicy = {
    explains: false,
    pools: POOLS.map((poolId) => ({
      poolId,
      ...(random.chance(40) ? { tenantSharePercent: 10 + random.integer(60) } : {}),
      ...(random.chance(40) ? { headroom: { instances: 1 + random.integer(6), ...random.pick(SIZES) } } : {}),
    })),
    ...(random.chance(20) ? { marginalPrices: [{ machineType: "m4", microUsdPerHour: 0 }] } : {}),
  };
  const roomy = POOLS.flatMap((poolId) => optionsOf(random, poolId, zones));
  const placed = openFleet([], roomy, policy);
  const clusters = Array.from({ length: 4 + random.integer(24) }, (_, index) => randomCluster(random, zones, index));
  for (const cluster of clusters) placed.place(cluster);
  const stays = new Set(clusters.filter(() => random.chance(60)).map((cluster) => cluster[0]?.clusterId));
  const conditions = new Map(clusters.map((cluster) => [cluster[0]?.clusterId, randomCondition(random)]));
  const fleet = placed.nodes().map((node) => randomNode(random, node, stays, conditions));
  const options = roomy
    .filter(() => random.chance(80))
    .map((option) => (random.chance(10) ? { ...option, closed: "insufficient_capacity" } : option));
  const room = random.integer(4);
  return {
    fleet,
    options: random.chance(30) ? options.map((option) => ({ ...option, poolRoom: room })) : options,
    now: new Date(NOW),
    rules: {
      ...STANDARD_REBALANCE,
      policy,
      horizonHours: random.pick([1, 24, 720]),
      mostMoves: random.pick([2, 10, 1000]),
      nodesPerZonePerHour: 1 + random.integer(4),
      emptiedInLastHour: random.chance(20) ? { a: 1 } : {},
      mostHours: random.pick([1, 4, 24]),
      seed,
      iterations: random.pick([0, 20, 60]),
    },
  };
}

function optionsOf(random: SeededRandom, poolId: string, zones: readonly string[]): LaunchOption[] {
  const spend = random.chance(20) ? { poolSpendRoomMicroUsdPerHour: 2_000_000 } : {};
  return [2, 4, 8, 16].flatMap((cores) => {
    const perCore = 40_000 + random.integer(20_000);
    return zones.map((zone) => ({
      poolId,
      zone,
      machineType: `m${cores}`,
      priceMicroUsdPerHour: cores * perCore,
      allocatable: { cpuMilli: cores * 950, memoryMib: cores * 3800, volumes: 6 + cores, pods: 8 },
      poolRoom: 1000,
      ...spend,
    }));
  });
}

function randomCluster(random: SeededRandom, zones: readonly string[], ordinal: number): InstanceRequest[] {
  const size = random.pick(SIZES);
  const organizationId = `o${random.integer(4)}`;
  const duties = random.pick([
    { holdsData: true, masterEligible: true },
    { holdsData: true, masterEligible: false },
    { holdsData: false, masterEligible: true },
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

type Condition = Omit<RunningInstance, keyof InstanceRequest>;

function randomCondition(random: SeededRandom): Condition {
  const isHealthy = random.chance(80);
  return {
    storedGib: random.integer(500),
    clusterIsGreen: isHealthy || random.chance(60),
    hasIndexWithoutReplicas: !isHealthy && random.chance(40),
    backupIsRunning: !isHealthy && random.chance(40),
    upgradeIsRunning: !isHealthy && random.chance(40),
  };
}

function randomNode(
  random: SeededRandom,
  node: NodeState,
  stays: ReadonlySet<string | undefined>,
  conditions: ReadonlyMap<string | undefined, Condition>,
): RunningNode {
  const ageMinutes = random.chance(10) ? random.integer(20) : 20 + random.integer(10_000);
  return {
    ...node,
    coming: random.chance(5),
    ...(random.chance(5) ? { closed: "not_ready" } : {}),
    ...(random.chance(5) ? { markedForDrain: true } : {}),
    readyAt: new Date(NOW - ageMinutes * 60_000),
    instances: node.instances
      .filter((one) => stays.has(one.clusterId))
      .map((one) => ({ ...one, ...(conditions.get(one.clusterId) as Condition) })),
  };
}
