import type { Fault } from "@berth/contract";
import type { KubeCapacity } from "@berth/db";
import { type Allocatable, type ClusterPlan, holdsData, isMasterEligible, podNameOf, type Role } from "@berth/domain";
import {
  type Explanation,
  type InstanceRequest,
  type LaunchOption,
  launchOptions,
  type NodeState,
  placeInstances,
} from "@berth/packing";

export interface PreviewedInstance {
  readonly component: string;
  readonly ordinal: number;
  readonly zone: string;
  readonly machineType: string | null;
  readonly machine: "existing" | "new" | "none";
  readonly reason: string | null;
}

const ZONE_HELD = "zone_held";
const COMING = ["planned", "launching", "booting"];

function optionsOf(kube: KubeCapacity, now: Date): LaunchOption[] {
  return kube.isStatic ? [] : launchOptions(kube.pools, kube.offerings, kube.observed, kube.machines, now);
}

/**
 * Instances that could never have a place: no machine type of the pools is large enough in their zone, however empty.
 *
 * That is a refusal, not a wait. A type that is closed only now (no capacity, a full pool) counts as large enough. On a
 * static kube the machines there are the types.
 */
export function neverFits(plan: ClusterPlan, kube: KubeCapacity, now: Date): Fault[] {
  const shapes = kube.isStatic ? kube.machines : optionsOf(kube, now);
  return plan.components.flatMap((component, index) => {
    const zones = [...new Set(component.placed.map((one) => one.zone))];
    const zone = zones.find(
      (one) => !shapes.some((shape) => shape.zone === one && holds(shape.allocatable, component)),
    );
    if (zone === undefined) return [];
    return [
      {
        pointer: `/components/${index}/size`,
        code: "no_machine_type_fits",
        detail: `No machine type open in ${zone} holds an instance of size ${component.size}.`,
      },
    ];
  });
}

function holds(allocatable: Allocatable, need: { readonly cpuMilli: number; readonly memoryMib: number }): boolean {
  const { cpuMilli, memoryMib, volumes, pods } = allocatable;
  return need.cpuMilli <= cpuMilli && need.memoryMib <= memoryMib && volumes >= 1 && pods >= 1;
}

/** Where each instance of a new cluster would land now. */
export function previewPlacement(plan: ClusterPlan, kube: KubeCapacity, now: Date): PreviewedInstance[] {
  return previewPlacements([plan], kube, now)[0] ?? [];
}

/**
 * Where the instances of several new clusters would land, if all of them were made now; for each cluster its own. The
 * packer's own answer, on what was last stored of the machines.
 */
export function previewPlacements(plans: readonly ClusterPlan[], kube: KubeCapacity, now: Date): PreviewedInstance[][] {
  const wanted = plans.flatMap((plan, index) =>
    plan.components.flatMap((component) => component.placed.map((instance) => ({ index, component, instance }))),
  );
  const requests = wanted.map(
    ({ index, component, instance }): InstanceRequest => ({
      instanceId: `${index}/${podNameOf(component.name, instance.ordinal)}`,
      clusterId: `new-${index}`,
      organizationId: "new",
      cpuMilli: component.cpuMilli,
      memoryMib: component.memoryMib,
      volumes: 1,
      zone: instance.zone,
      ...duties(component.roles),
    }),
  );
  const nodes = kube.machines.map(toNodeState);
  const result = placeInstances(requests, nodes, optionsOf(kube, now), { pools: kube.pools });
  const previews = plans.map((): PreviewedInstance[] => []);
  wanted.forEach(({ index, component, instance }, place) => {
    const at = { component: component.name, ordinal: instance.ordinal, zone: instance.zone };
    const assignment = result.assignments[place];
    if (assignment?.outcome === "placed") {
      const machineType = nodes.find((node) => node.name === assignment.node)?.machineType ?? null;
      previews[index]?.push({ ...at, machine: "existing", machineType, reason: null });
    } else if (assignment?.outcome === "new_machine") {
      const machineType = result.machines[assignment.machine]?.machineType ?? null;
      previews[index]?.push({ ...at, machine: "new", machineType, reason: null });
    } else {
      const reason = reasonOf(assignment, instance.zone);
      previews[index]?.push({ ...at, machine: "none", machineType: null, reason });
    }
  });
  return previews;
}

function duties(roles: readonly Role[]) {
  return { holdsData: holdsData(roles), masterEligible: isMasterEligible(roles) };
}

function toNodeState(machine: KubeCapacity["machines"][number]): NodeState {
  const isOpen = machine.state === "ready" || COMING.includes(machine.state);
  const closed = !isOpen ? machine.state : machine.state === "ready" && machine.notReady ? "not_ready" : undefined;
  return {
    name: machine.machineId,
    poolId: machine.poolId,
    zone: machine.zone,
    machineType: machine.machineType,
    priceMicroUsdPerHour: machine.priceMicroUsdPerHour,
    allocatable: machine.allocatable,
    coming: COMING.includes(machine.state),
    instances: machine.instances.map(({ roles, ...one }) => ({ ...one, volumes: 1, ...duties(roles as Role[]) })),
    ...(closed === undefined ? {} : { closed }),
  };
}

/** In words that tell a tenant nothing of others: how many candidates there were, and why they fell out. */
function reasonOf(refused: Explanation | undefined, zone: string) {
  if (refused === undefined || refused.considered === 0) return "No machine type is open in this zone.";
  const kinds = new Set(refused.refusals.map(({ reason }) => reason));
  const held = kinds.has(ZONE_HELD) ? ` Nothing is launched in ${zone} for now: the zone is held.` : "";
  return `None of ${refused.considered} machines and machine types has room now: ${[...kinds].sort().join(", ")}.${held}`;
}
