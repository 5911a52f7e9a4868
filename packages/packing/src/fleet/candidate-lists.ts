import { CPU, DIMENSIONS, MEMORY, type NodeTable, SLOTS, VOLUMES, type ZoneRows } from "./node-table.ts";
import { type RoomValue, type Size, valueOfRoom } from "./room-value.ts";

/**
 * What each node of a zone scores for one size, by the position of its row in the zone.
 *
 * Layout: `score[position]` in micro-dollars an hour, infinite where the size does not fit or the node is closed;
 * `seen[position]` is the row's version that it was computed at. A search brings what is stale up to date as it passes.
 */
interface CandidateList {
  score: Float64Array;
  seen: Uint32Array;
}

/** Lists kept of a zone: a fleet has some dozens of sizes. Beyond that they are begun anew. */
const MOST_LISTS = 128;
/** How much of a node's unused price counts beside what its room loses: enough to part equals. */
const WASTE_WEIGHT = 0.002;
/** How much less room counts on a machine that a commitment pays for: such machines are to stay in use. */
const COVERED_BONUS = 0.1;

export interface CandidateLists {
  /**
   * The row of the zone with the lowest score that `isOpenTo` lets through, ties to the lower name; -1 when there is none.
   * O(nodes of the zone), a comparison each, and a score where the node changed since this size was last looked for.
   */
  best(zone: string, size: Size, isOpenTo: (row: number) => boolean): number;
  /** Lower is better; infinite where the size does not fit or the node is closed. */
  score(row: number, size: Size): number;
}

/** Steps between nodes of different standing, which scores of the same standing never reach. */
export interface Standing {
  /** The dearest machine. */
  readonly step: number;
  /** What a machine type costs an hour where it is not its list price. */
  readonly marginal: ReadonlyMap<string, number>;
}

export function candidateLists(table: NodeTable, value: RoomValue, standing: Standing): CandidateLists {
  const lists = new Map<string, Map<string, CandidateList>>();

  /** What the node loses in usable room, with the part of its price that stays unused to part equals. */
  function score(row: number, { cpuMilli, memoryMib, volumes }: Size): number {
    const facts = table.facts[row];
    if (facts === undefined || facts.closed !== undefined) return Number.POSITIVE_INFINITY;
    const { free } = table;
    const base = row * DIMENSIONS;
    const cpu = free[base + CPU] as number;
    const memory = free[base + MEMORY] as number;
    const volume = free[base + VOLUMES] as number;
    const slot = free[base + SLOTS] as number;
    if (memoryMib > memory || cpuMilli > cpu || volumes > volume || slot < 1) return Number.POSITIVE_INFINITY;
    const loss =
      valueOfRoom(value, cpu, memory, volume, slot) -
      valueOfRoom(value, cpu - cpuMilli, memory - memoryMib, volume - volumes, slot - 1);
    const { allocatable, priceMicroUsdPerHour: price } = facts;
    const left = Math.min(
      allocatable.cpuMilli > 0 ? (cpu - cpuMilli) / allocatable.cpuMilli : 0,
      allocatable.memoryMib > 0 ? (memory - memoryMib) / allocatable.memoryMib : 0,
      allocatable.volumes > 0 ? (volume - volumes) / allocatable.volumes : 0,
    );
    const marginal = standing.marginal.get(facts.machineType) ?? price;
    const covered = price > 0 ? Math.max(0, 1 - marginal / price) : 0;
    const steps = (facts.coming ? 1 : 0) + (facts.markedForDrain === true ? 2 : 0);
    return loss * (1 - COVERED_BONUS * covered) + WASTE_WEIGHT * marginal * left + steps * standing.step;
  }

  function listOf(zone: ZoneRows, name: string, size: Size): CandidateList {
    let ofZone = lists.get(name);
    if (ofZone === undefined) {
      ofZone = new Map();
      lists.set(name, ofZone);
    }
    const key = `${size.cpuMilli}/${size.memoryMib}/${size.volumes}`;
    let list = ofZone.get(key);
    if (list === undefined) {
      if (ofZone.size >= MOST_LISTS) ofZone.clear();
      list = { score: new Float64Array(0), seen: new Uint32Array(0) };
      ofZone.set(key, list);
    }
    if (list.score.length < zone.rows.length) {
      const room = Math.max(64, zone.rows.length * 2);
      const grown = { score: new Float64Array(room), seen: new Uint32Array(room) };
      grown.score.set(list.score);
      grown.seen.set(list.seen);
      list.score = grown.score;
      list.seen = grown.seen;
    }
    return list;
  }

  return {
    score,
    best(name, size, isOpenTo) {
      const zone = table.zones.get(name);
      if (zone === undefined) return -1;
      const list = listOf(zone, name, size);
      const { version } = table;
      const { rows } = zone;
      let best = -1;
      let bestScore = Number.POSITIVE_INFINITY;
      for (let position = 0; position < rows.length; position++) {
        const row = rows[position] as number;
        if (list.seen[position] !== version[row]) {
          list.score[position] = score(row, size);
          list.seen[position] = version[row] as number;
        }
        const here = list.score[position] as number;
        if (here > bestScore || here === Number.POSITIVE_INFINITY) continue;
        if (here === bestScore && best >= 0 && nameOf(table, row) > nameOf(table, best)) continue;
        if (!isOpenTo(row)) continue;
        best = row;
        bestScore = here;
      }
      return best;
    },
  };
}

function nameOf(table: NodeTable, row: number): string {
  return table.facts[row]?.name ?? "";
}
