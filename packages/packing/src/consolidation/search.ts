import { seededRandom } from "@berth/domain";
import { loadOf } from "../fit.ts";
import type { LaunchOption } from "../types.ts";
import type { Evacuation, EvacuationFleet, EvacuationWishes } from "./evacuation.ts";
import { moveCost, whyUnmovable } from "./move-cost.ts";
import type { PoolRooms } from "./pool-rooms.ts";
import type { HeldReason, RebalanceRules, RunningNode } from "./rebalance-plan.ts";

/** What is to be done, in no order, and why the other nodes stay, by their index. */
export interface Found {
  readonly evacuations: readonly Evacuation[];
  readonly held: ReadonlyMap<number, HeldReason>;
}

/** How many nodes are looked at again in one iteration. */
const LOOKED_AT = 10;
/** In percent: how often a node is passed over in an iteration, so that others get their turn. */
const PASSED_OVER = 30;
/** In percent: how often two or three nodes are tried as one. */
const TOGETHER = 25;

/**
 * Picks the nodes to empty. First the best for the price of their moves, with none of those that are to follow as a target;
 * then, over and over, some are put back as they were and others tried in their place, and kept if the whole saves no less.
 *
 * O((nodes + iterations x LOOKED_AT) x one evacuation).
 */
export function searchEvacuations(
  nodes: readonly RunningNode[],
  fleet: EvacuationFleet,
  rooms: PoolRooms,
  rules: RebalanceRules,
  now: Date,
): Found {
  const random = seededRandom(rules.seed);
  const held = new Map<number, HeldReason>();
  nodes.forEach((node, row) => {
    const reason = whyHeld(node, rules, now);
    if (reason !== undefined) held.set(row, reason);
  });
  const counts = nodes.map((node) => node.instances.length);
  const costs = nodes.map((node) => node.instances.reduce((sum, one) => sum + moveCost(one, rules.costs), 0));
  const free = nodes.map((_, row) => row).filter((row) => !held.has(row));
  const merits = meritsOf(nodes, free, counts, costs, fleet, rules);
  const order = free.toSorted((a, b) => (merits[b] as number) - (merits[a] as number) || compare(nameOf(a), nameOf(b)));

  /** And of each emptied node, which of them empties it. */
  const chosen = new Set<Evacuation>();
  const emptiedBy = new Map<number, Evacuation>();
  const emptied = new Map<string, number>();
  let moves = 0;
  let worth = 0;
  const shielded = new Uint8Array(nodes.length);

  function nameOf(row: number): string {
    return nodes[row]?.name ?? "";
  }

  function zoneOf(row: number): string {
    return nodes[row]?.zone ?? "";
  }

  const takesIn = nodes.map((node) => !node.coming && node.markedForDrain !== true);
  const wishes: EvacuationWishes = {
    mayReceive: (row) => takesIn[row] === true && shielded[row] === 0,
    launches: "none",
    refusal: (launches: readonly LaunchOption[]) => rooms.refusal(launches),
    explains: false,
  };
  const ways: readonly EvacuationWishes[] = [wishes, { ...wishes, launches: "rest" }, { ...wishes, launches: "all" }];

  function overBudget(rows: readonly number[]): HeldReason | undefined {
    if (rows.reduce((sum, row) => sum + (counts[row] as number), moves) > rules.mostMoves) return "most_moves";
    const zone = zoneOf(rows[0] as number);
    const most = rules.nodesPerZonePerHour * rules.mostHours - (rules.emptiedInLastHour[zone] ?? 0);
    return rows.length > rules.nodesPerZonePerHour || (emptied.get(zone) ?? 0) + rows.length > most
      ? "nodes_per_hour"
      : undefined;
  }

  function book(evacuation: Evacuation, sign: 1 | -1): void {
    const { rows, launches, savingMicroUsdPerHour, costMicroUsd } = evacuation;
    moves += sign * evacuation.moves.length;
    worth += sign * (savingMicroUsdPerHour * rules.horizonHours - costMicroUsd);
    for (const { poolId, priceMicroUsdPerHour } of launches) rooms.count(poolId, priceMicroUsdPerHour, sign);
    for (const row of rows) {
      const node = nodes[row] as RunningNode;
      rooms.count(node.poolId, node.priceMicroUsdPerHour, sign === 1 ? -1 : 1);
      emptied.set(node.zone, (emptied.get(node.zone) ?? 0) + sign);
      if (sign === 1) emptiedBy.set(row, evacuation);
      else emptiedBy.delete(row);
    }
    if (sign === 1) chosen.add(evacuation);
    else chosen.delete(evacuation);
  }

  function attempt(rows: readonly number[], way: EvacuationWishes): Evacuation | HeldReason {
    const over = overBudget(rows);
    if (over !== undefined) return over;
    const result = fleet.evacuate(rows, way);
    if (typeof result !== "string") book(result, 1);
    return result;
  }

  function putBack(evacuation: Evacuation): void {
    fleet.undo(evacuation);
    book(evacuation, -1);
  }

  const isFree = (row: number) => !emptiedBy.has(row) && fleet.received(row) === 0;

  function greedily(): void {
    for (const row of promising(nodes, order, rules.mostMoves)) shielded[row] = 1;
    for (const row of order) {
      if (isFree(row)) attempt([row], wishes);
      shielded[row] = 0;
    }
    for (const way of ways) for (const row of order) if (isFree(row)) attempt([row], way);
  }

  /** Some evacuations of a zone: by chance, or those that stand in the way of emptying one node. */
  function someOf(zone: string, inZone: readonly number[]): Evacuation[] {
    const here = [...chosen].filter((one) => zoneOf(one.rows[0] as number) === zone);
    if (here.length === 0) return [];
    if (random.chance(50)) {
      const blocked = inZone[Math.min(random.integer(inZone.length), random.integer(inZone.length))] as number;
      const into = here.filter((one) => one.moves.some(({ to }) => to === blocked));
      if (into.length > 0 && into.length <= 4) return into;
    }
    return [...new Set(Array.from({ length: 1 + random.integer(3) }, () => random.pick(here)))];
  }

  function iterate(zone: string, inZone: readonly number[]): void {
    const before = worth;
    const removed = someOf(zone, inZone);
    for (const one of removed) putBack(one);
    const group: number[] = [];
    for (const row of inZone) {
      if (group.length >= LOOKED_AT) break;
      if (isFree(row) && (counts[row] as number) + moves <= rules.mostMoves && !random.chance(PASSED_OVER)) {
        group.push(row);
      }
    }
    for (const row of group) shielded[row] = 1;
    const added: Evacuation[] = [];
    for (const [place, row] of group.entries()) {
      shielded[row] = 0;
      if (!isFree(row)) continue;
      const next = group.slice(place + 1, place + 2 + random.integer(2)).filter(isFree);
      const together = next.length > 0 && random.chance(TOGETHER);
      const way = together ? (ways[1 + random.integer(2)] as EvacuationWishes) : (ways[random.integer(4)] ?? wishes);
      const result = attempt(together ? [row, ...next] : [row], way);
      if (typeof result !== "string") added.push(result);
    }
    for (const row of group) shielded[row] = 0;
    if (worth >= before) return;
    for (const one of added.reverse()) putBack(one);
    for (const one of removed) {
      fleet.apply(one);
      book(one, 1);
    }
  }

  greedily();
  const zones = new Map<string, number[]>();
  for (const row of order) zones.set(zoneOf(row), [...(zones.get(zoneOf(row)) ?? []), row]);
  for (let iteration = 0; iteration < rules.iterations && order.length > 0; iteration++) {
    const zone = zoneOf(random.pick(order));
    iterate(zone, zones.get(zone) ?? []);
  }
  for (const row of order) {
    if (emptiedBy.has(row)) continue;
    if (fleet.received(row) > 0) {
      held.set(row, "takes_others");
      continue;
    }
    let last: Evacuation | HeldReason = "no_room";
    for (const way of ways) {
      last = attempt([row], { ...way, explains: way.launches === "rest" });
      if (typeof last !== "string") break;
      if (way.launches === "rest") held.set(row, last);
    }
    if (typeof last !== "string") held.delete(row);
  }
  return { evacuations: [...chosen], held };
}

/**
 * The nodes to empty if room were a fluid: of each zone the best, while the others have room for what is on them in CPU and
 * in memory, and in all while they may move.
 */
function promising(nodes: readonly RunningNode[], order: readonly number[], mostMoves: number): number[] {
  const rooms = new Map<string, { cpuMilli: number; memoryMib: number }>();
  const roomIn = (zone: string) => rooms.get(zone) ?? { cpuMilli: 0, memoryMib: 0 };
  for (const { zone, allocatable, instances, coming, closed, markedForDrain } of nodes) {
    if (coming || closed !== undefined || markedForDrain === true) continue;
    const load = loadOf(instances);
    rooms.set(zone, {
      cpuMilli: roomIn(zone).cpuMilli + allocatable.cpuMilli - load.cpuMilli,
      memoryMib: roomIn(zone).memoryMib + allocatable.memoryMib - load.memoryMib,
    });
  }
  const chosen: number[] = [];
  const full = new Set<string>();
  let moves = 0;
  for (const row of order) {
    const { zone, allocatable, instances, markedForDrain } = nodes[row] as RunningNode;
    if (full.has(zone)) continue;
    // Its own room is lost, and the rest gives what it bore: that is all that it has.
    const lost = markedForDrain === true ? loadOf(instances) : allocatable;
    const room = roomIn(zone);
    const left = { cpuMilli: room.cpuMilli - lost.cpuMilli, memoryMib: room.memoryMib - lost.memoryMib };
    if (left.cpuMilli < 0 || left.memoryMib < 0) {
      full.add(zone);
      continue;
    }
    moves += instances.length;
    if (moves > mostMoves) break;
    rooms.set(zone, left);
    chosen.push(row);
  }
  return chosen;
}

/**
 * What a node saves over the horizon for what its moves take. Where more could move than may, a move takes of that budget
 * too: as much as the mean move costs.
 */
function meritsOf(
  nodes: readonly RunningNode[],
  free: readonly number[],
  counts: readonly number[],
  costs: readonly number[],
  fleet: EvacuationFleet,
  rules: RebalanceRules,
): number[] {
  const sum = (of: readonly number[]) => free.reduce((total, row) => total + (of[row] as number), 0);
  const all = sum(counts);
  const perMove = all > rules.mostMoves ? sum(costs) / all : 0;
  return nodes.map(
    (node, row) =>
      (fleet.priceOf(node) * rules.horizonHours) / ((costs[row] as number) + (counts[row] as number) * perMove + 1),
  );
}

/** Why a node may not be emptied, whatever it would save. */
function whyHeld(node: RunningNode, rules: RebalanceRules, now: Date): HeldReason | undefined {
  if (node.closed !== undefined) return "node_closed";
  if (node.coming) return "node_coming";
  if (now.getTime() - node.readyAt.getTime() < rules.leastNodeMinutes * 60_000) return "node_young";
  for (const instance of node.instances) {
    const reason = whyUnmovable(instance);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
