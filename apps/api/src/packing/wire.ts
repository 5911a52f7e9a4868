import type { Packing } from "@berth/contract";
import type { FleetNodeRow, PackingStudyRow, PoolRow, SaleOfferingRow } from "@berth/db";
import { type Allocatable, moneyFromMicroUsd } from "@berth/domain";
import {
  dominantUtilization,
  type FleetFigures,
  fleetFigures,
  fleetNodeOf,
  oneMachineEachPrice,
  VOLUMES_OF_AN_INSTANCE,
} from "@berth/packing";
import { bytesOf } from "../http/wire.ts";
import { toPastColdPlan } from "../packing-studies/wire.ts";
import { ratioOf, shareOf } from "./ratio.ts";

const NODES_LISTED = 2000;

interface Fleet {
  readonly nodes: readonly FleetNodeRow[];
  readonly pools: readonly PoolRow[];
  readonly offerings: readonly SaleOfferingRow[];
  readonly unplaced: number;
  /** The last of each kube that succeeded. */
  readonly coldPlans: readonly PackingStudyRow[];
}

type Figures = Packing["total"];

export function toPackingBody(fleet: Fleet, withNodes: boolean): Packing {
  const pools = fleet.pools.map((pool) => {
    const nodes = fleet.nodes.filter(({ poolId }) => poolId === pool.id);
    return { pool, nodes, soloPrice: soloPriceOf(pool, nodes, fleet) };
  });
  const soloPrice = pools.reduce<number | undefined>((sum, one) => plusOrUndefined(sum, one.soloPrice), 0);
  const listed = withNodes ? fleet.nodes.map(toNodeBody).toSorted(byWaste).slice(0, NODES_LISTED) : null;
  return {
    total: toFigures(fleet.nodes, soloPrice),
    pools: pools.map(({ pool, nodes, soloPrice }) => ({
      ...toFigures(nodes, soloPrice),
      pool_id: pool.id,
      kube_id: pool.kubeId,
      name: pool.name,
    })),
    instances_without_place: fleet.unplaced,
    used_missing: fleet.nodes.some(({ instances }) => instances.some(({ used }) => used !== null))
      ? null
      : "not_measured",
    cold_plans: fleet.coldPlans.map(toPastColdPlan),
    nodes: listed?.map(({ idle: _, ...node }) => node) ?? null,
    nodes_left_out: listed === null ? 0 : fleet.nodes.length - listed.length,
  };
}

/** What the pool's instances would cost with a machine for each, of what its kube's pools may launch. */
function soloPriceOf(
  { kubeId }: PoolRow,
  nodes: readonly FleetNodeRow[],
  { pools, offerings }: Fleet,
): number | undefined {
  const types = pools.filter((one) => one.kubeId === kubeId).flatMap(({ machineTypes }) => machineTypes);
  const sold = offerings.filter((one) => one.kubeId === kubeId);
  const solo = nodes.flatMap(({ instances }) => instances.map((one) => ({ ...one, volumes: VOLUMES_OF_AN_INSTANCE })));
  const { priceMicroUsdPerHour, withoutType } = oneMachineEachPrice(solo, types, sold);
  return withoutType > 0 ? undefined : priceMicroUsdPerHour;
}

function plusOrUndefined(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function toFigures(nodes: readonly FleetNodeRow[], soloPrice: number | undefined): Figures {
  const figures = fleetFigures(nodes.map(fleetNodeOf));
  const price = figures.priceMicroUsdPerHour;
  const isComparable = soloPrice !== undefined && soloPrice > 0 && price > 0;
  return {
    machines: figures.machines,
    instances: figures.instances,
    price_per_hour: moneyFromMicroUsd(price),
    requested: toAmounts(figures.requested),
    allocatable: toAmounts(figures.allocatable),
    used: toUsed(figures.measured),
    density: { mean: ratioOf(figures.densityMean), max: figures.densityMax },
    blast_radius: { instances: ratioOf(figures.blastRadius), tenant: ratioOf(figures.tenantBlastRadius) },
    dominant_utilization: ratioOf(figures.dominantUtilization),
    idle_per_day: moneyFromMicroUsd(figures.idleMicroUsdPerDay),
    one_machine_each_per_hour: isComparable ? moneyFromMicroUsd(soloPrice) : null,
    packing_saving: isComparable ? ratioOf(1 - price / soloPrice) : null,
  };
}

function toNodeBody(row: FleetNodeRow) {
  const node = fleetNodeOf(row);
  const { requested, measured, idleMicroUsdPerDay } = fleetFigures([node]);
  return {
    machine_id: row.machineId,
    node_name: row.nodeName,
    pool_id: row.poolId,
    zone: row.zone,
    machine_type: row.machineType,
    state: row.state,
    price_per_hour: moneyFromMicroUsd(row.priceMicroUsdPerHour),
    requested: toAmounts(requested),
    allocatable: toAmounts(row.allocatable),
    used: toUsed(measured),
    dominant_utilization: ratioOf(dominantUtilization(node)) ?? 0,
    idle_per_day: moneyFromMicroUsd(idleMicroUsdPerDay),
    idle: idleMicroUsdPerDay,
  };
}

function byWaste(a: ReturnType<typeof toNodeBody>, b: ReturnType<typeof toNodeBody>): number {
  return b.idle - a.idle || (a.node_name < b.node_name ? -1 : 1);
}

function toUsed({ instances, used, requested }: FleetFigures["measured"]): Figures["used"] {
  if (instances === 0) return null;
  const amounts = ({ cpuMilli, memoryMib }: typeof used) => ({
    cpu_millis: cpuMilli,
    memory_bytes: bytesOf(memoryMib),
  });
  return {
    ...amounts(used),
    instances,
    requested: amounts(requested),
    of_requested: {
      cpu: shareOf(used.cpuMilli, requested.cpuMilli),
      memory: shareOf(used.memoryMib, requested.memoryMib),
    },
  };
}

function toAmounts({ cpuMilli, memoryMib, volumes, pods }: Allocatable) {
  return { cpu_millis: cpuMilli, memory_bytes: bytesOf(memoryMib), volumes, instances: pods };
}
