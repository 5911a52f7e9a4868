import { type Load, loadOf } from "../fit.ts";
import type {
  Assignment,
  Explanation,
  FleetPolicy,
  InstanceRequest,
  LaunchOption,
  NodeState,
  PlacementPlan,
  PlannedMachine,
} from "../types.ts";
import { candidateLists } from "./candidate-lists.ts";
import { type Explain, explainer, NO_OPTIONS, type OptionLook } from "./explain.ts";
import { headroomCounts } from "./headroom.ts";
import { addClass, emptyZone, type WaitingZone } from "./machine-fill.ts";
import {
  addRow,
  createNodeTable,
  type NodeFacts,
  putOn,
  removeRow,
  residentsOf,
  takeOff,
  touch,
} from "./node-table.ts";
import { optionChooser } from "./option-choice.ts";
import { POSSIBLE, refusalsOf } from "./refusals.ts";
import { roomValue, type Size, sizeValue } from "./room-value.ts";

/**
 * Nodes, what stands on them and what could be launched, kept up to date between placements.
 *
 * Everything throws for a node or an instance that the fleet does not know.
 */
export interface Fleet {
  /**
   * Places instances together, as those of a cluster: on nodes, and on machines that it plans for what fits nowhere. Each
   * stays reserved where it was sent until it is released; planned machines are nodes on their way from then on, and what
   * they cost of their pool's room is taken. What is refused holds nothing of the rest back, and reserves nothing.
   */
  place(requests: readonly InstanceRequest[]): PlacementPlan;
  /** Puts an instance where it is known to go, whatever the rules say: what was chosen before and is not bound yet. */
  reserve(instance: InstanceRequest, node: string): void;
  /** Frees what instances take. */
  release(instanceIds: Iterable<string>): void;
  /** It takes of its pool's room, as the nodes did that the fleet was opened with. */
  addNode(node: NodeState): void;
  /** With what stands on it; its pool may have another. */
  removeNode(name: string): void;
  closeNode(name: string, because: string | undefined): void;
  /** The nodes as they stand, by name. */
  nodes(): NodeState[];
}

const GROWTH_PERCENT = 5;
const EXPLAINED_NOT: Explanation = { candidates: [], considered: 0, refusals: [] };

interface Planned {
  readonly row: number;
  readonly option: LaunchOption;
}

/**
 * Opens a fleet. O(instances + nodes + options² of a zone).
 *
 * `expected` are sizes that will be asked for, beside those that run: what room is worth is fixed here.
 */
export function openFleet(
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  policy: FleetPolicy = {},
  expected: readonly Size[] = [],
): Fleet {
  const table = createNodeTable();
  const value = roomValue(nodes, options, distinctSizes(nodes, expected), policy.duals);
  const marginal = new Map((policy.marginalPrices ?? []).map((one) => [one.machineType, one.microUsdPerHour]));
  const priceOf = (option: LaunchOption) => marginal.get(option.machineType) ?? option.priceMicroUsdPerHour;
  const step = [...nodes, ...options].reduce((most, one) => Math.max(most, one.priceMicroUsdPerHour), 1);
  const headroom = headroomCounts(table, policy);
  const waitingTenants = new Map<string, number>();
  const refusals = refusalsOf(table, policy, headroom, (organizationId) => waitingTenants.get(organizationId) ?? 0);
  const lists = candidateLists(table, value, { step, marginal }, refusals.roomCode);
  const explains = policy.explains !== false;
  const explain: Explain = explains ? explainer(table, lists, refusals) : () => EXPLAINED_NOT;
  const chooser = optionChooser(options, value, priceOf, refusals, explains);
  /** Only then may what was refused fit after what was planned later: on a node whose room need not be kept any more. */
  const keepsHeadroom = (policy.pools ?? []).some((one) => one.headroom !== undefined);
  /** What runs in each zone is worth so much, and so much more is expected of it in the placement that is being made. */
  const zoneWorth = new Map<string, number>();
  const expectedWorth = new Map<string, number>();
  let serial = 0;

  const factsOf = (row: number) => table.facts[row] as NodeFacts;

  function addNode({ instances, closed, ...node }: NodeState): void {
    headroom.follow(addRow(table, { ...node, closed, machine: undefined }, instances));
    for (const instance of instances) countWorth(instance, 1);
  }

  function countWorth(instance: InstanceRequest, sign: 1 | -1): void {
    const worth = sign * sizeValue(value.prices, instance, 1);
    zoneWorth.set(instance.zone, (zoneWorth.get(instance.zone) ?? 0) + worth);
  }

  function put(row: number, request: InstanceRequest): void {
    const waiting = waitingTenants.get(request.organizationId) ?? 0;
    if (waiting > 1) waitingTenants.set(request.organizationId, waiting - 1);
    else waitingTenants.delete(request.organizationId);
    putOn(table, row, request);
    countWorth(request, 1);
    headroom.follow(row);
  }

  function rowNamed(name: string): number {
    const row = table.rowByName.get(name);
    if (row === undefined) throw new Error(`the fleet has no node ${name}`);
    return row;
  }

  /** The node that it is meant for, where that is possible now. */
  function plannedRow(request: InstanceRequest): number {
    const row = table.rowByName.get(request.plannedNode ?? "");
    if (row === undefined || factsOf(row).zone !== request.zone) return -1;
    return refusals.roomCode(row, request) === POSSIBLE && !refusals.holdsBack(row, request) ? row : -1;
  }

  const bestRow = (request: InstanceRequest) =>
    lists.best(request.zone, request, (row) => !refusals.holdsBack(row, request));

  function place(requests: readonly InstanceRequest[]): PlacementPlan {
    headroom.begin();
    const growth = (policy.growthPercent ?? GROWTH_PERCENT) / 100;
    for (const [zone, worth] of zoneWorth) expectedWorth.set(zone, Math.max(0, worth * growth));
    const assignments = new Map<string, Assignment>();
    const planned: Planned[] = [];
    const done = new Set<InstanceRequest>();
    const isWaiting = (request: InstanceRequest) => !done.has(request);
    for (const request of requests) {
      if (table.rowOfInstance.has(request.instanceId)) {
        throw new Error(`instance ${request.instanceId} stands on a node already`);
      }
      waitingTenants.set(request.organizationId, (waitingTenants.get(request.organizationId) ?? 0) + 1);
    }

    function assign(request: InstanceRequest, row: number, ofOptions: OptionLook, explanation?: Explanation) {
      const { instanceId } = request;
      const { candidates, considered, refusals } = explanation ?? explain(request, row, ofOptions);
      const { name, machine } = factsOf(row);
      // Written out: a spread takes ten times as long.
      assignments.set(
        instanceId,
        machine === undefined
          ? { outcome: "placed", instanceId, node: name, candidates, considered, refusals }
          : { outcome: "new_machine", instanceId, machine, candidates, considered, refusals },
      );
      put(row, request);
      done.add(request);
    }

    let waiting: InstanceRequest[] = [];
    const meant = requests.filter((one) => one.plannedNode !== undefined);
    for (const request of hardestFirst(meant)) {
      const row = plannedRow(request);
      if (row >= 0) assign(request, row, NO_OPTIONS);
    }
    for (const request of hardestFirst(requests).filter(isWaiting)) {
      const row = bestRow(request);
      if (row < 0) waiting.push(request);
      else assign(request, row, NO_OPTIONS);
    }

    for (let mayReopen = true; waiting.length > 0 && mayReopen; ) {
      const zones = waitingByZone(waiting);
      const refused: { readonly request: InstanceRequest; readonly look: OptionLook }[] = [];
      const before = waiting.length;
      for (const request of waiting) {
        if (!isWaiting(request)) continue;
        const row = bestRow(request);
        if (row >= 0) {
          assign(request, row, NO_OPTIONS);
          continue;
        }
        const zone = zones.get(request.zone) ?? emptyZone();
        const expected = expectedWorth.get(request.zone) ?? 0;
        const { best, look } = chooser.choose(request, zone, expected, isWaiting);
        if (best === undefined) {
          refused.push({ request, look });
          continue;
        }
        // Looked at before the machine is there: who rides along finds it among the nodes.
        const why = explain(request, -1, look);
        const machine = launch(best.option, planned);
        for (const rider of best.fill.requests) {
          if (rider === request) assign(rider, machine, NO_OPTIONS, why);
          else assign(rider, machine, NO_OPTIONS);
        }
      }
      waiting = refused.map(({ request }) => request);
      mayReopen = keepsHeadroom && waiting.length < before;
      if (!mayReopen || waiting.length === 0) {
        for (const { request, look } of refused) {
          const { instanceId } = request;
          assignments.set(instanceId, { outcome: "refused", instanceId, ...explain(request, -1, look) });
        }
      }
    }

    waitingTenants.clear();
    const machines = toPlannedMachines(planned);
    for (const { row } of planned) {
      factsOf(row).machine = undefined;
      touch(table, row);
    }
    return {
      assignments: requests.map((request) => {
        const assignment = assignments.get(request.instanceId);
        if (assignment === undefined) throw new Error("every instance gets an assignment");
        return assignment;
      }),
      machines,
    };

    function waitingByZone(all: readonly InstanceRequest[]): Map<string, WaitingZone> {
      const zones = new Map<string, WaitingZone>();
      const classes = new Map<string, number>();
      for (const request of all) {
        if (request.launchClosed !== undefined) continue;
        const zone = zones.get(request.zone) ?? emptyZone();
        zones.set(request.zone, zone);
        const key = `${request.zone} ${sizeKey(request)}`;
        const worth = sizeValue(value.prices, request, 1);
        const ofSize = classes.get(key) ?? addClass(zone, request, worth);
        classes.set(key, ofSize);
        zone.requests[ofSize]?.push(request);
        zone.allWorth += worth;
      }
      return zones;
    }
  }

  function launch(option: LaunchOption, planned: Planned[]): number {
    const { poolId, zone, machineType, priceMicroUsdPerHour, allocatable } = option;
    let name = `machine-${serial}`;
    while (table.rowByName.has(name)) name = `machine-${++serial}`;
    const facts: NodeFacts = {
      name,
      poolId,
      zone,
      machineType,
      priceMicroUsdPerHour,
      allocatable,
      coming: true,
      closed: undefined,
      machine: planned.length,
    };
    const row = addRow(table, facts, []);
    serial += 1;
    headroom.follow(row);
    planned.push({ row, option });
    chooser.count(poolId, priceMicroUsdPerHour, 1);
    return row;
  }

  function toPlannedMachines(planned: readonly Planned[]): PlannedMachine[] {
    return planned.map(({ option, row }) => {
      const ofPool = planned.filter((one) => one.option.poolId === option.poolId).length;
      const spare = chooser.spendRoomOf(option.poolId) / ofPool;
      const load = loadOf(residentsOf(table, row));
      return {
        name: factsOf(row).name,
        poolId: option.poolId,
        zone: option.zone,
        machineType: option.machineType,
        priceMicroUsdPerHour: option.priceMicroUsdPerHour,
        allocatable: option.allocatable,
        instances: [...residentsOf(table, row)],
        alternatives: chooser.optionsOf(option.zone).filter(
          (other) =>
            other !== option &&
            other.poolId === option.poolId &&
            other.closed === undefined &&
            // Were every machine to fall back, the pool would still cost no more than it may.
            other.priceMicroUsdPerHour <= option.priceMicroUsdPerHour + spare &&
            holds(other.allocatable, load),
        ),
      };
    });
  }

  for (const node of [...nodes].sort(byName)) addNode(node);
  return {
    place,
    reserve(instance, node) {
      put(rowNamed(node), instance);
    },
    release(instanceIds) {
      for (const instanceId of instanceIds) {
        const row = table.rowOfInstance.get(instanceId);
        const instance =
          row === undefined ? undefined : residentsOf(table, row).find((one) => one.instanceId === instanceId);
        if (row === undefined || instance === undefined) throw new Error(`the fleet has no instance ${instanceId}`);
        takeOff(table, row, instance);
        countWorth(instance, -1);
        headroom.follow(row);
      }
    },
    addNode(node) {
      addNode(node);
      chooser.count(node.poolId, node.priceMicroUsdPerHour, 1);
    },
    removeNode(name) {
      const row = rowNamed(name);
      chooser.count(factsOf(row).poolId, factsOf(row).priceMicroUsdPerHour, -1);
      for (const instance of residentsOf(table, row)) countWorth(instance, -1);
      removeRow(table, row);
      headroom.follow(row);
    },
    closeNode(name, because) {
      const row = rowNamed(name);
      factsOf(row).closed = because;
      touch(table, row);
      headroom.follow(row);
    },
    nodes: () =>
      [...table.rowByName.values()]
        .map((row): NodeState => {
          const { machine: _, closed, ...facts } = factsOf(row);
          return { ...facts, instances: [...residentsOf(table, row)], ...(closed === undefined ? {} : { closed }) };
        })
        .sort(byName),
  };
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

function distinctSizes(nodes: readonly NodeState[], expected: readonly Size[]): Size[] {
  return [...nodes.flatMap((node) => node.instances), ...expected];
}

function sizeKey({ cpuMilli, memoryMib, volumes }: Size): string {
  return `${cpuMilli}/${memoryMib}/${volumes}`;
}

function holds(allocatable: LaunchOption["allocatable"], load: Load): boolean {
  return (
    load.cpuMilli <= allocatable.cpuMilli &&
    load.memoryMib <= allocatable.memoryMib &&
    load.volumes <= allocatable.volumes &&
    load.pods <= allocatable.pods
  );
}

function byName(a: NodeState, b: NodeState): number {
  return compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
