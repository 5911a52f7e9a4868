import { addTo, conflict, dominantShare, emptyLoad, type Load, loadOf, shortage } from "../fit.ts";
import type {
  Assignment,
  Candidate,
  InstanceRequest,
  LaunchOption,
  NodeState,
  PlacementPlan,
  PlannedMachine,
  RejectionReason,
} from "../types.ts";

const NONE = { considered: 0, refusals: [] };

interface Target {
  readonly name: string;
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: NodeState["allocatable"];
  readonly closed: string | undefined;
  readonly load: Load;
  readonly instances: InstanceRequest[];
  /** Index of the planned machine; undefined for a node that is there or on its way already. */
  readonly machine: number | undefined;
}

/**
 * Places instances on nodes, and plans machines for what fits nowhere.
 *
 * Hardest first; each goes to the node whose price is used best after it (best fit by marginal price), and when no node
 * holds it, a machine is planned: the type that holds this instance and has the lowest price for what it can take of
 * the batch, so a lone instance gets the cheapest sufficient machine and a thousand get large ones. Later instances of
 * the batch see the planned machines as nodes.
 *
 * Same input, same output: ties go to the lower name. Every instance gets all candidates with the reason of each
 * refusal. O(instances x (nodes + options)). Nothing is overcommitted; check-placement proves it before execution.
 */
export function placeOneByOne(
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
): PlacementPlan {
  const targets: Target[] = [...nodes].sort(byName).map((node) => ({
    name: node.name,
    poolId: node.poolId,
    zone: node.zone,
    machineType: node.machineType,
    priceMicroUsdPerHour: node.priceMicroUsdPerHour,
    allocatable: node.allocatable,
    closed: node.closed,
    load: loadOf(node.instances),
    instances: [...node.instances],
    machine: undefined,
  }));
  const open = [...options].sort(byOption);
  const waiting = hardestFirst(requests);
  const planned: { readonly option: LaunchOption; readonly target: Target }[] = [];
  const assignments = new Map<string, Assignment>();

  waiting.forEach((request, position) => {
    const candidates: Candidate[] = [];
    let best: Target | undefined;
    let bestScore = Number.POSITIVE_INFINITY;
    for (const target of targets) {
      if (target.zone !== request.zone) continue;
      const rejection = rejectionOf(request, target);
      const score = rejection === undefined ? wasteAfter(request, target) : undefined;
      candidates.push(candidateOf(target.name, target, rejection, score));
      if (score !== undefined && score < bestScore) {
        best = target;
        bestScore = score;
      }
    }
    if (best === undefined) {
      best = planMachine(request, waiting, position, withRoom(open, planned), candidates, planned.length);
      if (best === undefined) {
        assignments.set(request.instanceId, {
          outcome: "refused",
          instanceId: request.instanceId,
          ...NONE,
          candidates,
        });
        return;
      }
      targets.push(best);
      const chosen = best;
      const option = open.find((entry) => isOptionOf(entry, chosen));
      if (option === undefined) throw new Error("a planned machine comes from an option");
      planned.push({ option, target: best });
    }
    addTo(best.load, request);
    best.instances.push(request);
    assignments.set(
      request.instanceId,
      best.machine === undefined
        ? { outcome: "placed", instanceId: request.instanceId, node: best.name, ...NONE, candidates }
        : { outcome: "new_machine", instanceId: request.instanceId, machine: best.machine, ...NONE, candidates },
    );
  });

  return {
    assignments: requests.map((request) => {
      const assignment = assignments.get(request.instanceId);
      if (assignment === undefined) throw new Error("every instance gets an assignment");
      return assignment;
    }),
    machines: planned.map(({ option, target }) => toPlannedMachine(option, target, open)),
  };
}

/** The options, those of a pool that the plan itself has filled closed. */
function withRoom(
  options: readonly LaunchOption[],
  planned: readonly { readonly option: LaunchOption }[],
): readonly LaunchOption[] {
  const counts = new Map<string, number>();
  for (const { option } of planned) counts.set(option.poolId, (counts.get(option.poolId) ?? 0) + 1);
  return options.map((option) =>
    option.closed === undefined && (counts.get(option.poolId) ?? 0) >= option.poolRoom
      ? { ...option, closed: "pool_full" }
      : option,
  );
}

/** Sorted by memory, then CPU, largest first: small ones fill what the large ones leave. */
function hardestFirst(requests: readonly InstanceRequest[]): InstanceRequest[] {
  return [...requests].sort(
    (a, b) =>
      b.memoryMib - a.memoryMib ||
      b.cpuMilli - a.cpuMilli ||
      b.volumes - a.volumes ||
      compare(a.clusterId, b.clusterId) ||
      compare(a.instanceId, b.instanceId),
  );
}

function rejectionOf(request: InstanceRequest, target: Target): RejectionReason | undefined {
  if (target.closed !== undefined) return { kind: "closed", because: target.closed };
  if (target.machine !== undefined && request.launchClosed !== undefined) {
    return { kind: "closed", because: request.launchClosed };
  }
  return shortage(request, target.allocatable, target.load) ?? conflict(request, target.instances);
}

/** Price of the part of the node that would stay unused: lower is better, so full and cheap nodes fill first. */
function wasteAfter(request: InstanceRequest, target: Target): number {
  const load = { ...target.load };
  addTo(load, request);
  return target.priceMicroUsdPerHour * (1 - dominantShare(load, target.allocatable));
}

function planMachine(
  request: InstanceRequest,
  waiting: readonly InstanceRequest[],
  position: number,
  options: readonly LaunchOption[],
  candidates: Candidate[],
  index: number,
): Target | undefined {
  let best: LaunchOption | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const option of options) {
    if (option.zone !== request.zone) continue;
    const name = `new ${option.machineType}`;
    const closed = request.launchClosed ?? option.closed;
    const rejection: RejectionReason | undefined =
      closed !== undefined ? { kind: "closed", because: closed } : shortage(request, option.allocatable, emptyLoad());
    const score = rejection === undefined ? pricePerFilledUnit(request, waiting, position, option) : undefined;
    candidates.push(candidateOf(name, option, rejection, score));
    if (score !== undefined && score < bestScore) {
      best = option;
      bestScore = score;
    }
  }
  if (best === undefined) return undefined;
  return {
    name: `machine-${index}`,
    poolId: best.poolId,
    zone: best.zone,
    machineType: best.machineType,
    priceMicroUsdPerHour: best.priceMicroUsdPerHour,
    allocatable: best.allocatable,
    closed: undefined,
    load: emptyLoad(),
    instances: [],
    machine: index,
  };
}

/** Price of the option over what it would take of the batch, in MiB and millicores weighed as 8 GiB to 1.5 cores. */
function pricePerFilledUnit(
  request: InstanceRequest,
  waiting: readonly InstanceRequest[],
  position: number,
  option: LaunchOption,
): number {
  const load = emptyLoad();
  const taken: InstanceRequest[] = [];
  let filled = 0;
  for (let index = position; index < waiting.length; index++) {
    const other = waiting[index];
    if (other === undefined || other.zone !== request.zone || other.launchClosed !== undefined) continue;
    if (shortage(other, option.allocatable, load) !== undefined || conflict(other, taken) !== undefined) continue;
    addTo(load, other);
    taken.push(other);
    filled += other.memoryMib / 8192 + other.cpuMilli / 1500;
    if (load.pods >= option.allocatable.pods) break;
  }
  return option.priceMicroUsdPerHour / filled;
}

function toPlannedMachine(option: LaunchOption, target: Target, options: readonly LaunchOption[]): PlannedMachine {
  return {
    name: target.name,
    poolId: option.poolId,
    zone: option.zone,
    machineType: option.machineType,
    priceMicroUsdPerHour: option.priceMicroUsdPerHour,
    allocatable: option.allocatable,
    instances: target.instances,
    alternatives: options
      .filter(
        (other) =>
          other !== option &&
          other.zone === option.zone &&
          other.poolId === option.poolId &&
          other.closed === undefined &&
          holds(other, target.load),
      )
      .sort((a, b) => a.priceMicroUsdPerHour - b.priceMicroUsdPerHour || compare(a.machineType, b.machineType)),
  };
}

function holds(option: LaunchOption, load: Load): boolean {
  const { allocatable } = option;
  return (
    load.cpuMilli <= allocatable.cpuMilli &&
    load.memoryMib <= allocatable.memoryMib &&
    load.volumes <= allocatable.volumes &&
    load.pods <= allocatable.pods
  );
}

function isOptionOf(option: LaunchOption, target: Target): boolean {
  return option.poolId === target.poolId && option.zone === target.zone && option.machineType === target.machineType;
}

function candidateOf(
  name: string,
  of: Pick<LaunchOption, "machineType" | "zone" | "poolId" | "priceMicroUsdPerHour">,
  rejection: RejectionReason | undefined,
  score: number | undefined,
): Candidate {
  return {
    target: name,
    machineType: of.machineType,
    zone: of.zone,
    poolId: of.poolId,
    priceMicroUsdPerHour: of.priceMicroUsdPerHour,
    ...(rejection === undefined ? {} : { rejection }),
    ...(score === undefined ? {} : { score: Math.round(score) }),
  };
}

function byName(a: NodeState, b: NodeState): number {
  return compare(a.name, b.name);
}

function byOption(a: LaunchOption, b: LaunchOption): number {
  return (
    a.priceMicroUsdPerHour - b.priceMicroUsdPerHour ||
    compare(a.machineType, b.machineType) ||
    compare(a.zone, b.zone) ||
    compare(a.poolId, b.poolId)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
