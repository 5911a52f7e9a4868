import {
  type CaseInstance,
  type CaseType,
  type PackingCase,
  type PackingPolicy,
  type PlanNode,
  STANDARD_POLICY,
  tenantLimit,
} from "../case/packing-case.ts";
import { byPrice, holds, holdsAlone, type OpenNode, openNode, planNode, put, type Room, takes } from "./open-node.ts";
import { spreadOverZones, type ZoneDemand } from "./spread-over-zones.ts";

/**
 * First-fit decreasing, as good as a textbook makes it without looking at prices while it packs.
 *
 * Each zone alone: all instances, the largest share of the base type first, go to the first node that takes them, else to a
 * new node of the base type; what the base type cannot hold opens a node of the cheapest type that can, which others then
 * fill up as well. Every node is shrunk to the cheapest type that holds what is on it. Each type is tried as the base, and
 * the zone keeps the cheapest outcome.
 *
 * Nothing is relaxed: the tenants' share is kept too. Throws a RangeError that names an instance which no type holds in
 * its zones. O(types x instances x nodes) a zone.
 */
export function firstFitDecreasing(packing: PackingCase, policy: PackingPolicy = STANDARD_POLICY): readonly PlanNode[] {
  const ofTenant = new Map<string, number>();
  for (const { tenant } of packing.instances) {
    if (tenant !== undefined) ofTenant.set(tenant, (ofTenant.get(tenant) ?? 0) + 1);
  }
  const limits = new Map([...ofTenant].map(([tenant, instances]) => [tenant, tenantLimit(instances, policy)]));
  return spreadOverZones(packing.instances, byPrice(packing.types)).flatMap((demand) => packZone(demand, limits));
}

function packZone(demand: ZoneDemand, tenantLimits: ReadonlyMap<string, number>): readonly PlanNode[] {
  let best: readonly PlanNode[] = [];
  let leastPrice = Number.POSITIVE_INFINITY;
  for (const base of distinctRooms(demand.types)) {
    const nodes = packOn(base, demand, tenantLimits);
    const plan = nodes.map((node) => {
      const cheapest = demand.types.find((type) => holds(type, node)) as CaseType;
      return planNode(cheapest, demand.zone, node.instances);
    });
    const price = plan.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
    if (price < leastPrice) [best, leastPrice] = [plan, price];
  }
  return best;
}

/** Of types that differ in price alone the first: a base is but a room. */
function distinctRooms(types: readonly CaseType[]): readonly CaseType[] {
  const rooms = new Map<string, CaseType>();
  for (const type of types) {
    const key = [type.cpuMilli, type.memoryMib, type.volumes, type.instances].join();
    if (!rooms.has(key)) rooms.set(key, type);
  }
  return [...rooms.values()];
}

interface Bin extends OpenNode {
  readonly room: Room;
  readonly ofTenant: Map<string, number>;
}

function packOn(base: CaseType, demand: ZoneDemand, tenantLimits: ReadonlyMap<string, number>): readonly Bin[] {
  const { instances, types } = demand;
  const least = smallest(instances);
  const bins: Bin[] = [];
  let open: Bin[] = [];
  for (const { instance } of byShare(instances, base)) {
    const keepsShare = (bin: Bin): boolean => {
      const limit = instance.tenant === undefined ? undefined : tenantLimits.get(instance.tenant);
      return limit === undefined || (bin.ofTenant.get(instance.tenant as string) ?? 0) < limit;
    };
    let bin = open.find((candidate) => takes(candidate, instance, candidate.room) && keepsShare(candidate));
    if (bin === undefined) {
      const room = holdsAlone(base, instance) ? base : (types.find((type) => holdsAlone(type, instance)) as CaseType);
      bin = { ...openNode(), room, ofTenant: new Map() };
      bins.push(bin);
      open.push(bin);
    }
    put(bin, instance);
    const { tenant } = instance;
    if (tenant !== undefined) bin.ofTenant.set(tenant, (bin.ofTenant.get(tenant) ?? 0) + 1);
    if (!takes(bin, least, bin.room)) open = open.filter((other) => other !== bin);
  }
  return bins;
}

/** The least of each dimension: a node that has no room for this takes nothing any more. */
function smallest(instances: readonly CaseInstance[]): CaseInstance {
  const least = (of: (instance: CaseInstance) => number) =>
    instances.reduce((min, one) => Math.min(min, of(one)), Infinity);
  return {
    name: "smallest",
    cluster: undefined,
    tenant: undefined,
    cpuMilli: least((one) => one.cpuMilli),
    memoryMib: least((one) => one.memoryMib),
    volumes: least((one) => one.volumes),
    zones: [],
  };
}

/** The one that takes the largest share of any dimension of the room first; equal ones as they came. */
function byShare(instances: readonly CaseInstance[], room: Room) {
  const share = (needed: number, of: number) => (needed === 0 ? 0 : needed / of);
  return instances
    .map((instance) => ({
      instance,
      share: Math.max(
        share(instance.cpuMilli, room.cpuMilli),
        share(instance.memoryMib, room.memoryMib),
        share(instance.volumes, room.volumes),
      ),
    }))
    .sort((a, b) => (a.share === b.share ? 0 : b.share - a.share));
}
