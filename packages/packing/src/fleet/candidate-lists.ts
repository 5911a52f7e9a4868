import {
  CPU,
  DIMENSIONS,
  MEMORY,
  type NodeFacts,
  type NodeTable,
  SLOTS,
  VOLUMES,
  type ZoneRows,
} from "./node-table.ts";
import { POSSIBLE, type Refusals } from "./refusals.ts";
import { type RoomValue, type Size, valueOfRoom } from "./room-value.ts";

/**
 * What each node of a zone scores for one size, by the place of its row in the zone.
 *
 * Layout: `code[place]` says whether the node is open and has room, and if not why not; `score[place]` is in micro-dollars
 * an hour, the lower the better, and infinite where the code is not `POSSIBLE`; `seen[place]` is the row's version that both
 * were computed at. `counts[code]` is how many rows have the code. What the zone's first `read` changes did is in all that;
 * a search brings it up to date.
 */
export interface CandidateList {
  code: Uint16Array;
  score: Float64Array;
  seen: Uint32Array;
  readonly counts: number[];
  read: number;
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
   * A score for each node that changed since the size was last looked for, and a comparison for each of the zone where any
   * has room.
   */
  best(zone: string, size: Size, isOpenTo: (row: number) => boolean): number;
  /** All of the zone's nodes for a size. To be read before anything changes. */
  list(zone: ZoneRows, size: Size): CandidateList;
}

/** Steps between nodes of different standing, which scores of the same standing never reach. */
export interface Standing {
  /** The dearest machine. */
  readonly step: number;
  /** What a machine type costs an hour where it is not its list price. */
  readonly marginal: ReadonlyMap<string, number>;
}

export function candidateLists(
  table: NodeTable,
  value: RoomValue,
  standing: Standing,
  roomCode: Refusals["roomCode"],
): CandidateLists {
  const lists = new Map<ZoneRows, Map<string, CandidateList>>();

  function update(list: CandidateList, place: number, row: number, size: Size): void {
    const { counts } = list;
    const version = table.version[row] as number;
    const before = list.seen[place] as number;
    if (before === version) return;
    // A row's version is 1 at least.
    if (before > 0) counts[list.code[place] as number] = (counts[list.code[place] as number] as number) - 1;
    const code = roomCode(row, size);
    while (counts.length <= code) counts.push(0);
    counts[code] = (counts[code] as number) + 1;
    list.code[place] = code;
    list.score[place] = code === POSSIBLE ? score(row, size) : Number.POSITIVE_INFINITY;
    list.seen[place] = version;
  }

  /** What a node that holds the size loses in usable room, with the part of its price that stays unused to part equals. */
  function score(row: number, { cpuMilli, memoryMib, volumes }: Size): number {
    const { free } = table;
    const base = row * DIMENSIONS;
    const cpu = free[base + CPU] as number;
    const memory = free[base + MEMORY] as number;
    const volume = free[base + VOLUMES] as number;
    const slot = free[base + SLOTS] as number;
    const loss =
      valueOfRoom(value, cpu, memory, volume, slot) -
      valueOfRoom(value, cpu - cpuMilli, memory - memoryMib, volume - volumes, slot - 1);
    const facts = table.facts[row] as NodeFacts;
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

  function listOf(zone: ZoneRows, size: Size): CandidateList {
    let ofZone = lists.get(zone);
    if (ofZone === undefined) {
      ofZone = new Map();
      lists.set(zone, ofZone);
    }
    const key = `${size.cpuMilli}/${size.memoryMib}/${size.volumes}`;
    let list = ofZone.get(key);
    if (list === undefined) {
      if (ofZone.size >= MOST_LISTS) ofZone.clear();
      list = { ...emptyRows(0), counts: [0], read: -1 };
      ofZone.set(key, list);
    }
    if (list.seen.length < zone.rows.length) {
      const { code, score, seen } = emptyRows(Math.max(64, zone.rows.length * 2));
      code.set(list.code);
      score.set(list.score);
      seen.set(list.seen);
      list.code = code;
      list.score = score;
      list.seen = seen;
    }
    return list;
  }

  function upToDate(zone: ZoneRows, size: Size): CandidateList {
    const list = listOf(zone, size);
    const { rows, changed, forgotten } = zone;
    const from = list.read - forgotten;
    if (from < 0 || changed.length - from > rows.length) {
      for (let place = 0; place < rows.length; place++) update(list, place, rows[place] as number, size);
    } else {
      for (let index = from; index < changed.length; index++) {
        const place = changed[index] as number;
        update(list, place, rows[place] as number, size);
      }
    }
    list.read = forgotten + changed.length;
    return list;
  }

  return {
    list: upToDate,
    best(name, size, isOpenTo) {
      const zone = table.zones.get(name);
      if (zone === undefined) return -1;
      const { score: scores, counts } = upToDate(zone, size);
      if (counts[POSSIBLE] === 0) return -1;
      const { rows } = zone;
      let best = -1;
      let bestScore = Number.POSITIVE_INFINITY;
      for (let place = 0; place < rows.length; place++) {
        const here = scores[place] as number;
        if (here > bestScore || here === Number.POSITIVE_INFINITY) continue;
        const row = rows[place] as number;
        if (here === bestScore && best >= 0 && nameOf(table, row) > nameOf(table, best)) continue;
        if (!isOpenTo(row)) continue;
        best = row;
        bestScore = here;
      }
      return best;
    },
  };
}

function emptyRows(room: number): Pick<CandidateList, "code" | "score" | "seen"> {
  return { code: new Uint16Array(room), score: new Float64Array(room), seen: new Uint32Array(room) };
}

function nameOf(table: NodeTable, row: number): string {
  return table.facts[row]?.name ?? "";
}
