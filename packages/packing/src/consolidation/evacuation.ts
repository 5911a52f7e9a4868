import { candidateLists } from "../fleet/candidate-lists.ts";
import { headroomCounts } from "../fleet/headroom.ts";
import { addRow, createNodeTable, putOn, removeRow, takeOff, touch } from "../fleet/node-table.ts";
import { refusalsOf } from "../fleet/refusals.ts";
import { roomValue } from "../fleet/room-value.ts";
import type { LaunchOption } from "../types.ts";
import { moveCost } from "./move-cost.ts";
import type { HeldReason, RebalanceRules, RunningInstance, RunningNode } from "./rebalance-plan.ts";
import { cheapestReplacement, type Replacement } from "./replacement.ts";

/** Nodes that are emptied together. Where each instance goes: to a node by its row, or to a launched machine by its index. */
export interface Evacuation {
  /** Of nodes of one zone. */
  readonly rows: readonly number[];
  readonly moves: readonly Relocation[];
  readonly launches: readonly LaunchOption[];
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
}

interface Relocation {
  readonly instance: RunningInstance;
  readonly from: number;
  /** A row, or the launch -1 - to. */
  readonly to: number;
}

export interface EvacuationWishes {
  /** Whether a node may take instances now, beside what every rule says. */
  mayReceive(row: number): boolean;
  /** What finds no room in the fleet gets a new machine: `rest`; or all of it does: `all`. */
  readonly launches: "none" | "rest" | "all";
  /** Why these machines may not be launched. */
  refusal(launches: readonly LaunchOption[]): HeldReason | undefined;
  /** Looks for what lacks only because room is kept free, or is in another zone, to name the reason: slower. */
  readonly explains: boolean;
}

/**
 * A fleet in which nodes are emptied and filled again. Rows are the nodes' indexes; a node is closed while it is emptied, so
 * none both takes instances and loses them: whatever the order, a node that takes any only fills up.
 */
export interface EvacuationFleet {
  /**
   * Empties nodes of one zone, the hardest instance first, each to where the least usable room is lost; gives why not where
   * it breaks a rule or does not save enough, and then nothing has changed.
   *
   * O(instances x (nodes of the zone + a cluster's instances)), and with launches O(options²) more.
   */
  evacuate(rows: readonly number[], wishes: EvacuationWishes): Evacuation | HeldReason;
  /** O(its instances). Only of the last state that it was possible in, or one with more room. */
  apply(evacuation: Evacuation): void;
  undo(evacuation: Evacuation): void;
  /** Whether headroom would lack where these nodes are. */
  isShort(evacuation: Evacuation): boolean;
  /** How many instances the node has taken in. */
  received(row: number): number;
  priceOf(of: { readonly machineType: string; readonly priceMicroUsdPerHour: number }): number;
}

export function openEvacuationFleet(
  nodes: readonly RunningNode[],
  options: readonly LaunchOption[],
  { policy, costs, horizonHours, leastSavingPerCost }: RebalanceRules,
): EvacuationFleet {
  const table = createNodeTable();
  const sizes = nodes.flatMap((node) => node.instances);
  const value = roomValue(nodes, options, sizes, policy.duals);
  const marginal = new Map((policy.marginalPrices ?? []).map((one) => [one.machineType, one.microUsdPerHour]));
  const step = nodes.reduce((most, one) => Math.max(most, one.priceMicroUsdPerHour), 1);
  const headroom = headroomCounts(table, policy);
  /** Taken off their node and not on another yet, by organization: they still count for its share. */
  const between = new Map<string, number>();
  const refusals = refusalsOf(table, policy, headroom, (organizationId) => between.get(organizationId) ?? 0);
  const lists = candidateLists(table, value, { step, marginal }, refusals.roomCode);
  const residents: (readonly RunningInstance[])[] = [];
  const taken = new Int32Array(nodes.length);
  /** Rows of the machines that an evacuation launched. */
  const launched = new Map<Evacuation, readonly number[]>();
  let serial = 0;

  const priceOf: EvacuationFleet["priceOf"] = (one) => marginal.get(one.machineType) ?? one.priceMicroUsdPerHour;
  const zoneOptions = new Map<string, LaunchOption[]>();
  for (const option of [...options].sort((a, b) => priceOf(a) - priceOf(b) || compare(a.machineType, b.machineType))) {
    const ofZone = zoneOptions.get(option.zone) ?? [];
    zoneOptions.set(option.zone, ofZone);
    ofZone.push(option);
  }

  nodes.forEach(({ instances, readyAt: _, closed, ...node }, index) => {
    const row = addRow(table, { ...node, closed, machine: undefined }, instances);
    if (row !== index) throw new Error("rows are the nodes' indexes");
    headroom.follow(row);
    residents.push([...instances].sort(byHardness));
  });
  headroom.begin();

  function countBetween(organizationId: string, more: 1 | -1): void {
    between.set(organizationId, (between.get(organizationId) ?? 0) + more);
  }

  function lift(instance: RunningInstance, row: number): void {
    takeOff(table, row, instance);
    countBetween(instance.organizationId, 1);
    headroom.follow(row);
  }

  function land(instance: RunningInstance, row: number): void {
    putOn(table, row, instance);
    countBetween(instance.organizationId, -1);
    headroom.follow(row);
  }

  function setClosed(row: number, because: string | undefined): void {
    const facts = table.facts[row];
    if (facts === undefined) throw new Error("a node that is emptied stays in the table");
    facts.closed = because;
    touch(table, row);
    headroom.follow(row);
  }

  function launch({ poolId, zone, machineType, priceMicroUsdPerHour, allocatable }: LaunchOption): number {
    const facts = { poolId, zone, machineType, priceMicroUsdPerHour, allocatable, coming: true, closed: undefined };
    const row = addRow(table, { ...facts, name: `launched ${serial++}`, machine: undefined }, []);
    headroom.follow(row);
    return row;
  }

  function apply(evacuation: Evacuation): void {
    const rows = evacuation.launches.map(launch);
    launched.set(evacuation, rows);
    for (const row of evacuation.rows) setClosed(row, "emptied");
    for (const { instance, from, to } of evacuation.moves) {
      lift(instance, from);
      land(instance, to >= 0 ? to : (rows[-1 - to] as number));
      if (to >= 0) taken[to] = (taken[to] as number) + 1;
    }
  }

  function undo(evacuation: Evacuation): void {
    const rows = launched.get(evacuation) ?? [];
    for (const { instance, from, to } of evacuation.moves) {
      lift(instance, to >= 0 ? to : (rows[-1 - to] as number));
      land(instance, from);
      if (to >= 0) taken[to] = (taken[to] as number) - 1;
    }
    for (const row of evacuation.rows) setClosed(row, undefined);
    for (const row of rows) {
      removeRow(table, row);
      headroom.follow(row);
    }
    launched.delete(evacuation);
  }

  function isShort({ rows, moves }: Evacuation): boolean {
    return rows.some(headroom.isShort) || moves.some(({ to }) => to >= 0 && headroom.isShort(to));
  }

  function whyNoRoom(instances: readonly RunningInstance[], mayReceive: EvacuationWishes["mayReceive"]): HeldReason {
    const isKeptFree = (one: RunningInstance) =>
      lists.best(one.zone, one, (row) => mayReceive(row) && headroom.refusal(row, one) !== undefined) >= 0;
    if (instances.some(isKeptFree)) return "headroom";
    return instances.some((one) => [...table.zones.keys()].some((zone) => zone !== one.zone && hasRoomIn(zone, one)))
      ? "volume_in_zone"
      : "no_room";
  }

  function hasRoomIn(zone: string, instance: RunningInstance): boolean {
    return lists.best(zone, instance, (row) => !refusals.holdsBack(row, instance)) >= 0;
  }

  return {
    apply,
    undo,
    priceOf,
    received: (row) => taken[row] as number,
    isShort,
    evacuate(rows, { mayReceive, launches, refusal, explains }) {
      const moves: Relocation[] = [];
      const zone = table.facts[rows[0] as number]?.zone ?? "";
      const before = rows.reduce((sum, row) => sum + priceOf(nodes[row] as RunningNode), 0);
      const all = rows.flatMap((from) =>
        (residents[from] as RunningInstance[]).map((instance) => ({ instance, from })),
      );
      if (rows.length > 1) all.sort((a, b) => byHardness(a.instance, b.instance));
      const costMicroUsd = all.reduce((sum, { instance }) => sum + moveCost(instance, costs), 0);
      const pays = (saving: number) => saving > 0 && saving * horizonHours > leastSavingPerCost * costMicroUsd;
      if (!pays(before)) return "below_threshold";
      for (const row of rows) setClosed(row, "emptied");
      let failure: HeldReason | undefined;
      const waiting: typeof all = [];
      for (const one of all) {
        const { instance, from } = one;
        lift(instance, from);
        const to =
          launches === "all"
            ? -1
            : lists.best(
                zone,
                instance,
                (row) => row < nodes.length && mayReceive(row) && !refusals.holdsBack(row, instance),
              );
        if (to >= 0) {
          land(instance, to);
          moves.push({ instance, from, to });
          continue;
        }
        waiting.push(one);
        if (launches !== "none" && instance.launchClosed === undefined) continue;
        failure = explains ? whyNoRoom([instance], mayReceive) : "no_room";
        break;
      }
      let replacements: readonly Replacement[] = [];
      if (failure === undefined && waiting.length > 0) {
        const instances = waiting.map((one) => one.instance);
        const rules = { priceOf, tenantLimit: refusals.tenantLimit };
        const found = cheapestReplacement(instances, zoneOptions.get(zone) ?? [], before, rules);
        if (found !== undefined) replacements = found;
        else failure = explains ? whyNoRoom(instances, mayReceive) : "no_room";
      }
      const chosen = replacements.map((one) => one.option);
      const savingMicroUsdPerHour = before - chosen.reduce((sum, option) => sum + priceOf(option), 0);
      failure ??= pays(savingMicroUsdPerHour) ? undefined : "below_threshold";
      failure ??= chosen.length === 0 ? undefined : refusal(chosen);
      if (failure !== undefined) {
        for (const { instance, from, to } of moves) {
          lift(instance, to);
          land(instance, from);
        }
        for (const { instance, from } of waiting) land(instance, from);
        for (const row of rows) setClosed(row, undefined);
        return failure;
      }
      for (const { to } of moves) taken[to] = (taken[to] as number) + 1;
      const machines = chosen.map(launch);
      for (const { instance, from } of waiting) {
        const index = replacements.findIndex((one) => one.instances.includes(instance));
        land(instance, machines[index] as number);
        moves.push({ instance, from, to: -1 - index });
      }
      const evacuation: Evacuation = { rows, moves, launches: chosen, savingMicroUsdPerHour, costMicroUsd };
      launched.set(evacuation, machines);
      if (!isShort(evacuation)) return evacuation;
      undo(evacuation);
      return "headroom";
    },
  };
}

/** Sorted by memory, then CPU, largest first. */
function byHardness(a: RunningInstance, b: RunningInstance): number {
  return (
    b.memoryMib - a.memoryMib || b.cpuMilli - a.cpuMilli || b.volumes - a.volumes || compare(a.instanceId, b.instanceId)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
