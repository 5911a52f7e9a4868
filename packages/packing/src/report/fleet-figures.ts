import type { Allocatable } from "@berth/domain";

/** A machine that is paid for, or will be, with what sits on it or was sent there. */
export interface FleetNode {
  readonly priceMicroUsdPerHour: number;
  /** What instances may use: after the kubelet's reservations and the node's daemons. `pods` is the cap on instances. */
  readonly allocatable: Allocatable;
  /** coming: not there yet; leaving: takes nothing new, and is still paid for. */
  readonly state: "ready" | "coming" | "leaving";
  readonly instances: readonly FleetInstance[];
}

export interface FleetInstance {
  readonly organizationId: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly holdsData: boolean;
  /** What it really uses; undefined where that was not measured. */
  readonly used: Used | undefined;
}

export type Used = Pick<Allocatable, "cpuMilli" | "memoryMib">;

/** How full a set of nodes is, and what that costs. docs/packing.md defines each. */
export interface FleetFigures {
  readonly machines: Readonly<Record<FleetNode["state"], number>>;
  readonly instances: number;
  readonly dataInstances: number;
  readonly priceMicroUsdPerHour: number;
  readonly requested: Allocatable;
  readonly allocatable: Allocatable;
  /** Of the instances that were measured: how many, what they use, and what they ask for. */
  readonly measured: { readonly instances: number; readonly used: Used; readonly requested: Used };
  /** Data instances of a node: mean over all nodes (undefined without any), and most. */
  readonly densityMean: number | undefined;
  readonly densityMax: number;
  /** Largest share of all instances on one node; undefined without instances. */
  readonly blastRadius: number | undefined;
  /** Largest share of one tenant's instances on one node, of tenants with two or more; undefined without such. */
  readonly tenantBlastRadius: number | undefined;
  /** Sum of price x dominant utilization, over the sum of prices; undefined where nothing has a price. */
  readonly dominantUtilization: number | undefined;
  /** What is paid in a day for the part of each node that its fullest dimension leaves. */
  readonly idleMicroUsdPerDay: number;
}

/** A fleet's figures, of the nodes that are given: shares too are of these alone. O(nodes + instances). */
export function fleetFigures(nodes: readonly FleetNode[]): FleetFigures {
  const machines = { ready: 0, coming: 0, leaving: 0 };
  const tenants = new Map<string, { all: number; most: number }>();
  let instances = 0;
  let dataInstances = 0;
  let price = 0;
  let worked = 0;
  let densityMax = 0;
  let fullest = 0;
  let requested = NOTHING;
  let allocatable = NOTHING;
  for (const node of nodes) {
    const load = loadOf(node.instances);
    machines[node.state] += 1;
    instances += node.instances.length;
    fullest = Math.max(fullest, node.instances.length);
    const data = node.instances.filter(({ holdsData }) => holdsData).length;
    dataInstances += data;
    densityMax = Math.max(densityMax, data);
    price += node.priceMicroUsdPerHour;
    worked += node.priceMicroUsdPerHour * dominantUtilization(node);
    requested = plus(requested, load);
    allocatable = plus(allocatable, node.allocatable);
    countTenants(node.instances, tenants);
  }
  const shares = [...tenants.values()].filter(({ all }) => all > 1).map(({ all, most }) => most / all);
  return {
    machines,
    instances,
    dataInstances,
    priceMicroUsdPerHour: price,
    requested,
    allocatable,
    measured: measuredOf(nodes.flatMap((node) => node.instances)),
    densityMean: nodes.length === 0 ? undefined : dataInstances / nodes.length,
    densityMax,
    blastRadius: instances === 0 ? undefined : fullest / instances,
    tenantBlastRadius: shares.length === 0 ? undefined : shares.reduce((most, share) => Math.max(most, share)),
    dominantUtilization: price === 0 ? undefined : worked / price,
    idleMicroUsdPerDay: Math.round((price - worked) * HOURS_PER_DAY),
  };
}

/**
 * The fullest of CPU, memory and volumes, from 0 to 1. Slots do not count: a cap is a choice, not a size. A node that was
 * filled when it seemed larger counts as full; one that offers nothing of a dimension that is asked for, too.
 */
export function dominantUtilization({ allocatable, instances }: Pick<FleetNode, "allocatable" | "instances">): number {
  const load = loadOf(instances);
  return Math.min(
    1,
    Math.max(
      ratio(load.cpuMilli, allocatable.cpuMilli),
      ratio(load.memoryMib, allocatable.memoryMib),
      ratio(load.volumes, allocatable.volumes),
    ),
  );
}

const HOURS_PER_DAY = 24;
const NOTHING: Allocatable = { cpuMilli: 0, memoryMib: 0, volumes: 0, pods: 0 };

function ratio(part: number, whole: number): number {
  if (part === 0) return 0;
  return whole === 0 ? 1 : part / whole;
}

function plus(a: Allocatable, b: Allocatable): Allocatable {
  return {
    cpuMilli: a.cpuMilli + b.cpuMilli,
    memoryMib: a.memoryMib + b.memoryMib,
    volumes: a.volumes + b.volumes,
    pods: a.pods + b.pods,
  };
}

function loadOf(instances: readonly FleetInstance[]): Allocatable {
  return instances.reduce(
    (sum, { cpuMilli, memoryMib, volumes }) => plus(sum, { cpuMilli, memoryMib, volumes, pods: 1 }),
    NOTHING,
  );
}

function measuredOf(instances: readonly FleetInstance[]): FleetFigures["measured"] {
  const measured = instances.filter(({ used }) => used !== undefined);
  const sum = (of: (instance: FleetInstance) => Used | undefined): Used => ({
    cpuMilli: measured.reduce((all, one) => all + (of(one)?.cpuMilli ?? 0), 0),
    memoryMib: measured.reduce((all, one) => all + (of(one)?.memoryMib ?? 0), 0),
  });
  return { instances: measured.length, used: sum(({ used }) => used), requested: sum((one) => one) };
}

/** Adds one node's instances to what is known of their tenants. */
function countTenants(instances: readonly FleetInstance[], tenants: Map<string, { all: number; most: number }>): void {
  const here = new Map<string, number>();
  for (const { organizationId } of instances) here.set(organizationId, (here.get(organizationId) ?? 0) + 1);
  for (const [organizationId, count] of here) {
    const known = tenants.get(organizationId) ?? { all: 0, most: 0 };
    tenants.set(organizationId, { all: known.all + count, most: Math.max(known.most, count) });
  }
}
