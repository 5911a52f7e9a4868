import {
  type Allocatable,
  type ClusterId,
  type Guard,
  type InstanceId,
  LABELS,
  type OrganizationId,
  parseCpuMilli,
  parseMebibytesDown,
  parseMebibytesUp,
  SCHEDULING_GATE,
} from "@berth/domain";
import {
  type FleetPolicy,
  type FruitlessLaunches,
  type InstanceRequest,
  type LaunchOption,
  launchOptions,
  type NodeState,
  type ObservedAllocatable,
  type Offering,
  offeredAllocatable,
  type PoolPolicy,
  quarantinedUntil,
} from "@berth/packing";
import { type CommittedFleet, marginalPrices } from "@berth/planner";
import type { Node, Pod } from "@berth/ports";
import { isReady, readyCondition } from "./node-ready.ts";
import { type HeldZone, heldByLoss } from "./zone-holds.ts";

/** An instance's row as placement needs it. */
export interface PlaceableInstance {
  readonly instanceId: InstanceId;
  readonly clusterId: ClusterId;
  readonly organizationId: OrganizationId;
  readonly podName: string;
  readonly zone: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly holdsData: boolean;
  readonly masterEligible: boolean;
  /** Its cluster is being deleted: what stands counts, and nothing of it is placed any more. */
  readonly leaving: boolean;
}

export interface KnownMachine {
  readonly machineId: string;
  readonly nodeName: string;
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  readonly state: string;
  /** Since when its node has been silent or away, as the machine's own loop saw it. */
  readonly notReadySince?: string | null;
}

export interface PlacementObservation {
  readonly now: Date;
  readonly isStatic: boolean;
  readonly nodes: readonly Node[];
  /** Pods of ours, in all namespaces. */
  readonly pods: readonly Pod[];
  /** Everybody else's pods on nodes: daemons, whose requests are not ours to give. */
  readonly otherPods: readonly Pod[];
  /** By `<cluster id>/<pod name>`. */
  readonly instances: ReadonlyMap<string, PlaceableInstance>;
  readonly machines: readonly KnownMachine[];
  /** Machines that ended in use and not by us. */
  readonly lost: readonly { readonly poolId: string; readonly zone: string; readonly lostAt: string }[];
  /** Nodes of ready machines that were looked for by name and are not there. */
  readonly missing: ReadonlySet<string>;
  readonly pools: readonly PoolPolicy[];
  /** When an operator last changed each. */
  readonly poolsChangedAt: Readonly<Record<string, string>>;
  readonly offerings: readonly Offering[];
  readonly observed: readonly ObservedAllocatable[];
  readonly committed: CommittedFleet;
  /** Of instances whose pods are gated. */
  readonly fruitless: ReadonlyMap<InstanceId, FruitlessLaunches>;
  /** Of instances that a rebalance plan is moving: the node where each one's place is reserved. */
  readonly moving: ReadonlyMap<InstanceId, string>;
  /** Nodes that a rebalance plan is emptying: nothing new goes there. */
  readonly emptying: ReadonlySet<string>;
  /** Of the kube, as the last look recorded them. */
  readonly guards: readonly Guard[];
}

export interface GatedPod {
  readonly pod: Pod;
  readonly instance: PlaceableInstance;
}

/** A pod without its gate that cannot get where it was sent: it must come back gated. */
export interface StuckPod extends GatedPod {
  readonly because: "machine_gone" | "node_not_ready" | "refused_by_scheduler";
  readonly detail: string;
}

export interface PlacementProblem {
  readonly gated: readonly GatedPod[];
  readonly stuck: readonly StuckPod[];
  /** Pods that kube-scheduler bound, by instance. */
  readonly bound: readonly { readonly instanceId: InstanceId; readonly nodeName: string }[];
  /** Sent, not bound yet, nothing wrong so far. */
  readonly underWay: number;
  /** Instances for which no machine is launched before then. */
  readonly quarantines: ReadonlyMap<string, FruitlessLaunches & { readonly until: Date }>;
  readonly requests: readonly InstanceRequest[];
  readonly nodes: readonly NodeState[];
  readonly options: readonly LaunchOption[];
  readonly policy: FleetPolicy;
  /** Zones that are held beside those that the pools' policies hold. */
  readonly heldZones: readonly HeldZone[];
  /** Nodes of a static kube that have no machine row yet: their operator brought them. */
  readonly brought: readonly NodeState[];
}

/** Word of decisions and guards. */
export const LAUNCH_QUARANTINED = "launch_quarantined";
/** Word of a node that a rebalance plan is emptying. */
const REBALANCING = "rebalancing";
/** How long kube-scheduler may call a ready target unschedulable before the pod is planned again. */
const SCHEDULER_PATIENCE_MS = 10_000;
/** How long a node that was in use may be silent before what was sent to it and never got there is planned again. */
const NODE_PATIENCE_MS = 60_000;
const STATES_ON_THE_WAY = ["planned", "launching", "booting"];
const STATES_GONE = ["terminating", "terminated", "failed"];

/**
 * Turns one look at a kube into a packing problem: what waits, what is where, what could be launched.
 *
 * Pure. What was sent to a node counts there from then on, bound or not, so nothing is given away twice.
 */
export function placementProblem(seen: PlacementObservation): PlacementProblem {
  const machineByNode = new Map(seen.machines.map((machine) => [machine.nodeName, machine]));
  const nodeByName = new Map(seen.nodes.map((node) => [node.metadata.name, node]));
  const gated: GatedPod[] = [];
  const stuck: StuckPod[] = [];
  const bound: { instanceId: InstanceId; nodeName: string }[] = [];
  const residents = new Map<string, InstanceRequest[]>();
  let underWay = 0;
  const reserved = new Map(seen.moving);

  for (const pod of seen.pods) {
    const instance = seen.instances.get(instanceKeyOf(pod));
    if (instance === undefined) continue;
    const target = pod.spec.nodeName ?? targetOf(pod);
    if (pod.spec.nodeName === undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      if (isGated(pod)) {
        if (!instance.leaving) gated.push({ pod, instance });
        // It is asked for, and is no resident beside that.
        reserved.delete(instance.instanceId);
        continue;
      }
      const problem = troubleOf(pod, target, machineByNode, nodeByName, seen.now);
      if (problem !== undefined) {
        stuck.push({ pod, instance, ...problem });
        continue;
      }
      underWay += 1;
    } else {
      bound.push({ instanceId: instance.instanceId, nodeName: pod.spec.nodeName });
    }
    if (target !== undefined) stand(target, instance);
    if (target === reserved.get(instance.instanceId)) reserved.delete(instance.instanceId);
  }
  // Until it is on its way there, a moving instance weighs on the node that it is meant for, besides the one where it is.
  for (const instance of seen.instances.values()) {
    const target = reserved.get(instance.instanceId);
    if (target !== undefined) stand(target, instance);
  }

  function stand(node: string, instance: PlaceableInstance): void {
    const list = residents.get(node) ?? [];
    list.push(requestOf(instance));
    residents.set(node, list);
  }

  const states = nodeStates(seen, machineByNode, residents);
  const heldZones = seen.isStatic ? [] : heldByLoss(seen);
  const pools = seen.pools.map((pool) => {
    const held = heldZones.filter(({ poolId }) => poolId === pool.poolId).map(({ zone }) => zone);
    return { ...pool, heldZones: [...(pool.heldZones ?? []), ...held] };
  });
  const quarantines = new Map(
    gated.flatMap(({ instance: { instanceId } }) => {
      const fruitless = seen.fruitless.get(instanceId);
      const until = quarantinedUntil(fruitless, seen.now);
      return fruitless === undefined || until === undefined ? [] : [[instanceId, { ...fruitless, until }] as const];
    }),
  );
  return {
    gated,
    stuck,
    bound,
    underWay,
    quarantines,
    requests: gated.map(({ instance }) => ({
      ...requestOf(instance),
      ...plannedNodeOf(seen.moving.get(instance.instanceId)),
      ...(quarantines.has(instance.instanceId) ? { launchClosed: LAUNCH_QUARANTINED } : {}),
    })),
    nodes: states,
    options: seen.isStatic ? [] : launchOptions(pools, seen.offerings, seen.observed, seen.machines, seen.now),
    policy: { pools: seen.pools, ...marginalPolicy(seen) },
    heldZones,
    // A node without a zone can hold nothing, and one that is tainted (a control plane's) is not for us.
    brought: seen.isStatic
      ? states.filter((one) => !machineByNode.has(one.name) && one.closed === undefined && one.zone !== "")
      : [],
  };
}

function plannedNodeOf(plannedNode: string | undefined) {
  return plannedNode === undefined ? {} : { plannedNode };
}

/** How a pod's instance is found in `instances`. */
export function instanceKeyOf(pod: Pod): string {
  return `${pod.metadata.labels?.[LABELS.cluster]}/${pod.metadata.name}`;
}

export function isGated(pod: Pod): boolean {
  return pod.spec.schedulingGates?.some((gate) => gate.name === SCHEDULING_GATE) ?? false;
}

/** The node that a pod was sent to by name, if it was. */
export function targetOf(pod: Pod): string | undefined {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const term of terms) {
    const field = term.matchFields?.find((requirement) => requirement.key === "metadata.name");
    if (field?.values?.[0] !== undefined) return field.values[0];
  }
  return undefined;
}

function requestOf(instance: PlaceableInstance): InstanceRequest {
  return {
    instanceId: instance.instanceId,
    clusterId: instance.clusterId,
    organizationId: instance.organizationId,
    cpuMilli: instance.cpuMilli,
    memoryMib: instance.memoryMib,
    volumes: 1,
    zone: instance.zone,
    holdsData: instance.holdsData,
    masterEligible: instance.masterEligible,
  };
}

function troubleOf(
  pod: Pod,
  target: string | undefined,
  machines: ReadonlyMap<string, KnownMachine>,
  nodes: ReadonlyMap<string, Node>,
  now: Date,
): Pick<StuckPod, "because" | "detail"> | undefined {
  if (target === undefined) return undefined;
  const node = nodes.get(target);
  const machine = machines.get(target);
  if (node === undefined) {
    // A machine that is no longer on its way has had its Node: somebody deleted it, and nothing can arrive there any more.
    const coming = machine !== undefined && STATES_ON_THE_WAY.includes(machine.state);
    return coming ? undefined : { because: "machine_gone", detail: target };
  }
  const readySince = Date.parse(readyCondition(node)?.lastTransitionTime ?? "");
  if (!isReady(node)) {
    // While a machine boots, its own loop knows how long that may take.
    const booting = machine !== undefined && STATES_ON_THE_WAY.includes(machine.state);
    if (booting || Number.isNaN(readySince) || now.getTime() - readySince < NODE_PATIENCE_MS) return undefined;
    return { because: "node_not_ready", detail: target };
  }
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === "PodScheduled");
  if (scheduled?.reason !== "Unschedulable") return undefined;
  const refusedSince = Date.parse(scheduled.lastTransitionTime ?? "");
  const since = Math.max(Number.isNaN(readySince) ? 0 : readySince, Number.isNaN(refusedSince) ? 0 : refusedSince);
  if (now.getTime() - since < SCHEDULER_PATIENCE_MS) return undefined;
  return { because: "refused_by_scheduler", detail: scheduled.message ?? "Unschedulable" };
}

function nodeStates(
  seen: PlacementObservation,
  machineByNode: ReadonlyMap<string, KnownMachine>,
  residents: ReadonlyMap<string, InstanceRequest[]>,
): NodeState[] {
  const daemons = daemonRequests(seen.otherPods);
  const states: NodeState[] = [];
  for (const node of seen.nodes) {
    const name = node.metadata.name;
    const machine = machineByNode.get(name);
    if (machine === undefined && !seen.isStatic) continue; // Not ours to fill.
    const machineType = machine?.machineType ?? node.metadata.labels?.[LABELS.machineType] ?? "unknown";
    const zone = node.metadata.labels?.[LABELS.zone] ?? machine?.zone ?? "";
    const pool =
      seen.pools.find((one) => one.poolId === machine?.poolId) ??
      seen.pools.find((one) => one.zones.includes(zone)) ??
      seen.pools[0];
    if (pool === undefined) continue;
    const closed = closedBecause(node, machine) ?? (seen.emptying.has(name) ? REBALANCING : undefined);
    states.push({
      name,
      poolId: pool.poolId,
      zone,
      machineType,
      priceMicroUsdPerHour: machine?.priceMicroUsdPerHour ?? 0,
      allocatable: nodeAllocatable(node, pool, daemons.get(name), volumeLimit(seen.offerings, machineType, machine)),
      coming: false,
      instances: residents.get(name) ?? [],
      ...(closed === undefined ? {} : { closed }),
    });
  }
  const present = new Set(seen.nodes.map((node) => node.metadata.name));
  for (const machine of seen.machines) {
    if (present.has(machine.nodeName) || !STATES_ON_THE_WAY.includes(machine.state)) continue;
    states.push({
      name: machine.nodeName,
      poolId: machine.poolId,
      zone: machine.zone,
      machineType: machine.machineType,
      priceMicroUsdPerHour: machine.priceMicroUsdPerHour,
      allocatable: machine.allocatable,
      coming: true,
      instances: residents.get(machine.nodeName) ?? [],
    });
  }
  return states;
}

function closedBecause(node: Node, machine: KnownMachine | undefined): string | undefined {
  if (machine !== undefined && (machine.state === "draining" || STATES_GONE.includes(machine.state)))
    return machine.state;
  if (node.metadata.deletionTimestamp !== undefined) return "being_deleted";
  if (node.spec?.unschedulable === true) return "cordoned";
  if (!isReady(node)) return "not_ready";
  const taint = node.spec?.taints?.find((one) => one.effect === "NoSchedule" || one.effect === "NoExecute");
  return taint === undefined ? undefined : `tainted ${taint.key}`;
}

/** What the node itself offers, less its daemons; the pool's cap on instances is the pod limit. */
function nodeAllocatable(
  node: Node,
  pool: PoolPolicy,
  daemons: { readonly cpuMilli: number; readonly memoryMib: number; readonly pods: number } | undefined,
  volumes: number,
): Allocatable {
  const offered = node.status?.allocatable ?? {};
  const cpu = parseCpuMilli(offered.cpu ?? "0");
  const memory = parseMebibytesDown(offered.memory ?? "0");
  const pods = Number(offered.pods ?? "0");
  return {
    cpuMilli: Math.max(0, (cpu.ok ? cpu.value : 0) - (daemons?.cpuMilli ?? 0)),
    memoryMib: Math.max(0, (memory.ok ? memory.value : 0) - (daemons?.memoryMib ?? 0)),
    volumes,
    pods: Math.max(0, Math.min(pool.instancesPerMachine, pods - (daemons?.pods ?? 0))),
  };
}

function volumeLimit(offerings: readonly Offering[], machineType: string, machine: KnownMachine | undefined): number {
  if (machine !== undefined) return machine.allocatable.volumes;
  const offering = offerings.find((one) => one.machineType === machineType);
  return offering === undefined ? Number.MAX_SAFE_INTEGER : offeredAllocatable(offering, 16).volumes;
}

function daemonRequests(pods: readonly Pod[]) {
  const sums = new Map<string, { cpuMilli: number; memoryMib: number; pods: number }>();
  for (const pod of pods) {
    const node = pod.spec.nodeName;
    if (node === undefined || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") continue;
    const sum = sums.get(node) ?? { cpuMilli: 0, memoryMib: 0, pods: 0 };
    for (const container of pod.spec.containers) {
      const cpu = parseCpuMilli(container.resources?.requests?.cpu ?? "0");
      const memory = parseMebibytesUp(container.resources?.requests?.memory ?? "0");
      sum.cpuMilli += cpu.ok ? cpu.value : 0;
      sum.memoryMib += memory.ok ? memory.value : 0;
    }
    sum.pods += 1;
    sums.set(node, sum);
  }
  return sums;
}

/** What is committed to and idle makes machines cheaper than their price; nothing where none is. */
function marginalPolicy({ committed, offerings, now }: PlacementObservation): Pick<FleetPolicy, "marginalPrices"> {
  const prices = new Map(offerings.map((one) => [one.machineType, one.priceMicroUsdPerHour]));
  const list = [...prices].map(([machineType, microUsdPerHour]) => ({ machineType, microUsdPerHour }));
  const marginal = marginalPrices(committed, list, now.getTime());
  return marginal.length === 0 ? {} : { marginalPrices: marginal };
}
