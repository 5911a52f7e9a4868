import type { CaseInstance, CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";
import { byPrice, holds, holdsAlone, type OpenNode, openNode, planNode, put, type Room, takes } from "./open-node.ts";
import { spreadOverZones, type ZoneDemand } from "./spread-over-zones.ts";

export interface Supergiant2016Options {
  /**
   * `sized_by_limits`: what its planner alone decides, and each machine runs what it was planned for. `filled_by_requests`:
   * the planner still sizes machines by limits, and kube-scheduler binds by requests, so that the first machines take more.
   */
  readonly stage: "sized_by_limits" | "filled_by_requests";
  /** An instance's CPU limit, in percent of its request. Memory's is its request. */
  readonly cpuLimitPercent: number;
}

/** Kubernetes of that time had device names for eleven volumes of an AWS machine. */
const MOST_VOLUMES = 11;

/**
 * How Supergiant provisioned machines in 2016, restated from docs/packing.md.
 *
 * Every pending instance starts as an imaginary node of the largest size: the most memory, then the most CPU. In the order of
 * the case, each absorbs every later one that still fits by the sum of limits, and becomes a machine of the smallest (here the
 * cheapest) type that holds those limits. With the second stage these machines come up one after the other, and
 * kube-scheduler binds to each, first come first served, whatever is pending and fits by requests; a machine for which
 * nothing is left is not kept, and what was crowded out of its machine is planned again.
 *
 * The case is one batch, which is its best: it planned what came within two minutes. Added, so that plans can be compared:
 * no node takes two instances of a cluster or more than the type's cap, and a limit above the largest machine is cut to it.
 * Relaxed, as it could not be asked: a tenant's share.
 *
 * Throws a RangeError that names an instance which no type holds in its zones. O(instances x nodes) a round, and a round
 * places at least one instance a zone; two or three rounds are usual.
 */
export function supergiant2016(packing: PackingCase, options: Supergiant2016Options): readonly PlanNode[] {
  const types = byPrice(packing.types).map((type) => ({ ...type, volumes: Math.min(type.volumes, MOST_VOLUMES) }));
  return spreadOverZones(packing.instances, types).flatMap((demand) =>
    options.stage === "sized_by_limits"
      ? machinesByLimits(demand, demand.instances, options).map(({ type, planned }) =>
          planNode(type, demand.zone, planned),
        )
      : fillByRequests(demand, options),
  );
}

interface Machine {
  readonly type: CaseType;
  readonly planned: readonly CaseInstance[];
}

function machinesByLimits(
  demand: ZoneDemand,
  pending: readonly CaseInstance[],
  { cpuLimitPercent }: Supergiant2016Options,
): readonly Machine[] {
  let left = pending;
  const machines: Machine[] = [];
  while (left.length > 0) {
    const node = openNode();
    const planned: CaseInstance[] = [];
    // Of what no largest machine holds the volumes or requests, another type does.
    const room = largest(demand.types, left[0] as CaseInstance);
    const later: CaseInstance[] = [];
    for (const instance of left) {
      const byLimits = { ...instance, cpuMilli: limitOf(instance, room, cpuLimitPercent) };
      if (takes(node, byLimits, room)) {
        put(node, byLimits);
        planned.push(instance);
      } else later.push(instance);
    }
    machines.push({ type: demand.types.find((type) => holds(type, node)) as CaseType, planned });
    left = later;
  }
  return machines;
}

/** Never above what the machine has: the limit of an instance that needs most of a machine is that machine. */
function limitOf(instance: CaseInstance, room: Room, cpuLimitPercent: number): number {
  const limit = Math.ceil((instance.cpuMilli * cpuLimitPercent) / 100);
  return Math.max(instance.cpuMilli, Math.min(limit, room.cpuMilli));
}

/** The largest type of those that hold the instance by its requests. */
function largest(types: readonly CaseType[], instance: CaseInstance): CaseType {
  return types
    .filter((type) => holdsAlone(type, instance))
    .reduce((a, b) => ((b.memoryMib - a.memoryMib || b.cpuMilli - a.cpuMilli) > 0 ? b : a));
}

function fillByRequests(demand: ZoneDemand, options: Supergiant2016Options): readonly PlanNode[] {
  const plan: PlanNode[] = [];
  let pending = demand.instances;
  while (pending.length > 0) {
    for (const { type } of machinesByLimits(demand, pending, options)) {
      const node: OpenNode = openNode();
      const unbound: CaseInstance[] = [];
      for (const instance of pending) {
        if (takes(node, instance, type)) put(node, instance);
        else unbound.push(instance);
      }
      if (node.instances.length > 0) plan.push(planNode(type, demand.zone, node.instances));
      pending = unbound;
    }
  }
  return plan;
}
