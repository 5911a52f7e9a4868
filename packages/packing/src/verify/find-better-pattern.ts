/**
 * Whether some set of instances that fits a machine is worth more than was claimed: a bounded knapsack in four dimensions,
 * searched depth first, class by class.
 *
 * What bounds a branch is a relaxation of the verifier's own: suffix[i] is the most that classes i, i + 1, ... can add to
 * each rest of CPU and memory, in cells, at duals less what an instance takes of the priced dimensions (volumes and
 * instances; CPU and memory too where their cells are coarse); with what the rest of those is worth it is no less than what
 * any completion adds. As the claim is known, every branch that cannot pass it is cut, and a search that ends without finding
 * more has proven it. Multipliers, cells and slots only decide how long that takes, not whether it is right.
 *
 * A state that was searched before with no less in hand is not searched again.
 */
import { addCopies, type Copies, wholePart } from "./cell-table.ts";
import { chooseScale, NO_CELLS, type Scale, toCells } from "./choose-scale.ts";
import type { Capacity } from "./read-case.ts";
import { SeenStates } from "./seen-states.ts";

export interface KnapsackClass {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly demand: number;
  readonly dual: bigint;
}

export type BetterPattern =
  | { readonly outcome: "none"; readonly nodes: number }
  /** Counts in the order of the classes given. */
  | { readonly outcome: "found"; readonly worth: bigint; readonly counts: readonly number[] }
  | { readonly outcome: "proof_too_long" }
  | { readonly outcome: "amounts_too_large" };

export interface SearchLimits {
  readonly nodes: number;
  /** Cells of all suffix tables together, 8 bytes each. */
  readonly cells: number;
}

export const SEARCH_LIMITS: SearchLimits = { nodes: 20_000_000, cells: 2 ** 23 };

const DIMENSIONS = 4;
const CPU = 0;
const MEMORY = 1;
const INSTANCES = 3;
/** Sets of multipliers that are tried; tables with slots take longer to make. */
const STEPS = 40;
const STEPS_WITH_SLOTS = 10;
const SHORT_NODES = 300_000;
/** Instances on a machine up to which tables may count them. */
const MOST_SLOTS = 32;

/** Deterministic. At most `nodes` states; before that O(classes x cells) for each of 40 sets of multipliers. */
export function findBetterPattern(
  classes: readonly KnapsackClass[],
  capacity: Capacity,
  claimed: bigint,
  limits: SearchLimits = SEARCH_LIMITS,
): BetterPattern {
  const room = [capacity.cpuMilli, capacity.memoryMib, capacity.volumes, capacity.instances];
  const items = itemsOf(classes, room);
  if (items.length === 0) return { outcome: "none", nodes: 0 };
  if (items.some(({ dual }) => dual > Number.MAX_SAFE_INTEGER)) return { outcome: "amounts_too_large" };
  // More than all copies together are worth: there is nothing to find.
  const all = items.reduce((sum, { dual, copies }) => sum + BigInt(dual) * BigInt(copies), 0n);
  if (claimed >= all) return { outcome: "none", nodes: 0 };

  let nodes = 0;
  for (const layout of layoutsFor(items, room, limits)) {
    if (!areExact(items, room, layout)) return { outcome: "amounts_too_large" };
    const search = new Search(items, room, layout, Number(claimed));
    search.chooseMultipliers();
    const outcome = search.run(layout.nodes);
    nodes += search.nodes;
    if (outcome === "none") return { outcome, nodes };
    if (outcome === "found") {
      const counts = classes.map(() => 0);
      items.forEach(({ index }, position) => {
        counts[index] = search.counts[position] as number;
      });
      return { outcome, worth: BigInt(search.worth), counts };
    }
  }
  return { outcome: "proof_too_long" };
}

/** What a search's tables tell apart, and how long it may take. */
interface Layout {
  readonly scales: readonly [Scale, Scale];
  /** Whether instances are counted in the tables; else they are priced. */
  readonly hasSlots: boolean;
  readonly nodes: number;
}

/**
 * A short search with small tables first; where instances bind, a long one follows whose tables count them: they are as many
 * times larger, and bound so much better that those which stay open with small tables close in few nodes.
 */
function layoutsFor(items: readonly Item[], room: readonly number[], limits: SearchLimits): readonly Layout[] {
  const layout = (hasSlots: boolean, nodes: number): Layout => ({
    scales: chooseScales(items, room, wholePart(limits.cells, hasSlots ? (room[INSTANCES] ?? 0) + 1 : 1)),
    hasSlots,
    nodes,
  });
  const short = layout(false, limits.nodes);
  if (!canFill(items, room, INSTANCES) || (room[INSTANCES] ?? 0) > MOST_SLOTS) return [short];
  return [{ ...short, nodes: Math.min(SHORT_NODES, limits.nodes) }, layout(true, limits.nodes)];
}

interface Item {
  /** Among the classes given. */
  readonly index: number;
  readonly sizes: readonly [number, number, number, number];
  readonly copies: number;
  readonly dual: number;
}

/** Classes that are worth something and fit, the largest first, without those that another is always as good as. */
function itemsOf(classes: readonly KnapsackClass[], room: readonly number[]): readonly Item[] {
  const items: Item[] = [];
  classes.forEach(({ cpuMilli, memoryMib, volumes, demand, dual }, index) => {
    const sizes = [cpuMilli, memoryMib, volumes, 1] as const;
    const fit = sizes.reduce(
      (least, size, d) => (size > 0 ? Math.min(least, wholePart(room[d] ?? 0, size)) : least),
      demand,
    );
    if (fit > 0 && dual > 0n) items.push({ index, sizes, copies: fit, dual: Number(dual) });
  });
  const endless = items.filter(({ index, copies }) => copies < (classes[index]?.demand ?? 0));
  return items
    .filter((item) => !endless.some((other) => isAsGood(other, item)))
    .sort((a, b) => shareOf(b, room) - shareOf(a, room) || a.index - b.index);
}

/** Of two that are equal the first stays. */
function isAsGood(other: Item, item: Item): boolean {
  if (other === item || other.dual < item.dual || other.sizes.some((size, d) => size > (item.sizes[d] as number)))
    return false;
  const equal = other.dual === item.dual && other.sizes.every((size, d) => size === item.sizes[d]);
  return !equal || other.index < item.index;
}

/** In thousandths of the capacity, over CPU, memory and volumes. */
function shareOf({ sizes }: Item, room: readonly number[]): number {
  return sizes
    .slice(0, INSTANCES)
    .reduce((sum, size, d) => sum + (size > 0 ? wholePart(size * 1000, room[d] ?? 1) : 0), 0);
}

/** Scales of CPU and memory; a dimension that all copies together, or as many as fit, cannot fill gets no cells. */
function chooseScales(items: readonly Item[], room: readonly number[], mostCells: number): readonly [Scale, Scale] {
  const sizes = (d: number) => items.map((item) => item.sizes[d] as number);
  const cells = Math.max(64, wholePart(mostCells, items.length));
  const side = 2 ** Math.ceil(Math.log2(cells) / 2);
  const choose = (d: number, most: number) =>
    canFill(items, room, d) ? chooseScale(sizes(d), room[d] ?? 0, Math.min(2048, Math.max(8, most))) : NO_CELLS;
  const cellsOf = (d: number, scale: Scale) => toCells(room[d] ?? 0, scale) + 1;
  const memoryFirst = cellsOf(MEMORY, choose(MEMORY, side));
  const cpu = choose(CPU, wholePart(cells, memoryFirst));
  return [cpu, choose(MEMORY, wholePart(cells, cellsOf(CPU, cpu)))];
}

function canFill(items: readonly Item[], room: readonly number[], d: number): boolean {
  const most = items.reduce((sum, item) => sum + BigInt(item.sizes[d] as number) * BigInt(item.copies), 0n);
  const largest = items.reduce((size, item) => Math.max(size, item.sizes[d] as number), 0);
  if (d === INSTANCES) return most > BigInt(room[d] ?? 0);
  const bySlots = BigInt(largest) * BigInt(room[INSTANCES] ?? 0);
  return (most < bySlots ? most : bySlots) > BigInt(room[d] ?? 0);
}

/**
 * Whether every sum that the search makes is a safe integer: worth of all copies, amounts in scale, and the capacity at
 * multipliers, which chooseMultipliers keeps below the claim.
 */
function areExact(items: readonly Item[], room: readonly number[], { scales }: Layout): boolean {
  const limit = BigInt(Number.MAX_SAFE_INTEGER) / 16n;
  const all = items.reduce((sum, { dual, copies }) => sum + BigInt(dual) * BigInt(copies), 0n);
  return all <= limit && scales.every(({ numerator }, d) => BigInt(room[d] ?? 0) * BigInt(numerator) <= limit);
}

class Search {
  readonly #items: readonly Item[];
  readonly #room: readonly number[];
  readonly #scales: readonly [Scale, Scale];
  readonly #claimed: number;
  readonly #steps: number;
  readonly #rows: number;
  readonly #slots: number;
  readonly #columns: number;
  /** Of the tables of one class. */
  readonly #size: number;
  /** Whether a dimension is priced: it can bind, and the tables do not hold it exactly. */
  readonly #isPriced: readonly boolean[];
  #multipliers = new Float64Array(DIMENSIONS);
  /** suffix[i * size + (row * slots + slot) * columns + column]; one more than items, the last of zeros. */
  readonly #suffix: Float64Array;
  readonly #reduced: Float64Array;
  readonly #cells: Int32Array;

  nodes = 0;
  worth = 0;
  readonly counts: Int32Array;

  constructor(items: readonly Item[], room: readonly number[], { scales, hasSlots }: Layout, claimed: number) {
    this.#items = items;
    this.#room = room;
    this.#scales = scales;
    this.#claimed = claimed;
    this.#rows = toCells(room[CPU] ?? 0, scales[0]) + 1;
    this.#slots = hasSlots ? (room[INSTANCES] ?? 0) + 1 : 1;
    this.#columns = toCells(room[MEMORY] ?? 0, scales[1]) + 1;
    this.#size = this.#rows * this.#slots * this.#columns;
    const isInTables = (d: number) =>
      d === INSTANCES ? hasSlots : d < scales.length && isExactScale(items, d, scales[d] ?? NO_CELLS);
    this.#isPriced = room.map((_, d) => canFill(items, room, d) && !isInTables(d));
    this.#steps = hasSlots ? STEPS_WITH_SLOTS : STEPS;
    this.#suffix = new Float64Array((items.length + 1) * this.#size);
    this.#reduced = new Float64Array(items.length);
    this.#cells = Int32Array.from(
      items.flatMap(({ sizes }) => scales.map((scale, d) => toCells(sizes[d] as number, scale))),
    );
    this.counts = new Int32Array(items.length);
  }

  /**
   * Multipliers under which the relaxation of the whole is low: subgradient steps of Polyak's length towards the claim,
   * shorter each time that nothing was gained. Leaves the tables of the best.
   */
  chooseMultipliers(): void {
    let best = this.#relax();
    let bestAt = this.#multipliers.slice();
    let shorter = 1n;
    for (let step = 0; step < this.#steps && best > this.#claimed; step++) {
      const at = this.#relaxation();
      if (!this.#moveMultipliers(at - this.#claimed, shorter)) break;
      const value = this.#relax();
      if (value < best) {
        best = value;
        bestAt = this.#multipliers.slice();
      } else {
        shorter += 1n;
      }
    }
    this.#multipliers = bestAt;
    this.#relax();
  }

  /** Fills the tables for the multipliers; gives the relaxation of the whole. */
  #relax(): number {
    const size = this.#size;
    for (let i = this.#items.length - 1; i >= 0; i--) {
      const item = this.#items[i] as Item;
      let value = item.dual;
      for (let d = 0; d < DIMENSIONS; d++) value -= (this.#multipliers[d] as number) * (item.sizes[d] as number);
      this.#reduced[i] = value;
      this.#suffix.copyWithin(i * size, (i + 1) * size, (i + 2) * size);
      const most = this.#suffix.subarray(i * size, (i + 1) * size);
      addCopies({ rows: this.#rows, slots: this.#slots, columns: this.#columns, most }, this.#thing(i));
    }
    return this.#relaxation();
  }

  #thing(i: number): Copies {
    return {
      rows: this.#cells[2 * i] as number,
      slots: this.#slots > 1 ? 1 : 0,
      columns: this.#cells[2 * i + 1] as number,
      value: this.#reduced[i] as number,
      copies: (this.#items[i] as Item).copies,
    };
  }

  #relaxation(): number {
    let sum = this.#suffix[this.#size - 1] as number;
    for (let d = 0; d < DIMENSIONS; d++) sum += (this.#multipliers[d] as number) * (this.#room[d] as number);
    return sum;
  }

  /** False when no step would change anything. */
  #moveMultipliers(gap: number, shorter: bigint): boolean {
    const used = this.#usedByBest();
    const SHARE = 2n ** 20n;
    // How far each dimension is overfull, in shares of the capacity.
    const over = used.map((amount, d) =>
      this.#isPriced[d] ? (BigInt(amount - (this.#room[d] as number)) * SHARE) / BigInt(this.#room[d] as number) : 0n,
    );
    const norm = over.reduce(
      (sum, share, d) => (share < 0n && this.#multipliers[d] === 0 ? sum : sum + share * share),
      0n,
    );
    if (norm === 0n) return false;
    let moved = false;
    over.forEach((share, d) => {
      if (share === 0n) return;
      const change = (BigInt(gap) * share * SHARE) / (norm * shorter * BigInt(this.#room[d] as number));
      // No higher than where the capacity alone is worth the claim: exactness rests on it.
      const highest = wholePart(this.#claimed, this.#room[d] as number);
      const next = Math.max(0, Math.min(highest, (this.#multipliers[d] as number) + Number(change)));
      if (next !== this.#multipliers[d]) moved = true;
      this.#multipliers[d] = next;
    });
    return moved;
  }

  /** What the relaxation's best set takes of each dimension, read back from the tables. */
  #usedByBest(): number[] {
    const used = [0, 0, 0, 0];
    const size = this.#size;
    let cell = size - 1;
    this.#items.forEach(({ sizes, copies }, i) => {
      const reduced = this.#reduced[i] as number;
      if (reduced <= 0) return;
      const { rows, slots, columns } = this.#thing(i);
      const back = (rows * this.#slots + slots) * this.#columns + columns;
      let taken = 0;
      while (
        taken < copies &&
        this.#suffix[i * size + cell] !==
          (this.#suffix[(i + 1) * size + cell - taken * back] as number) + taken * reduced
      )
        taken++;
      cell -= taken * back;
      sizes.forEach((amount, d) => {
        used[d] = (used[d] as number) + taken * amount;
      });
    });
    return used;
  }

  run(mostNodes: number): "none" | "found" | "proof_too_long" {
    const n = this.#items.length;
    const size = this.#size;
    const suffix = this.#suffix;
    const columns = this.#columns;
    const slots = this.#slots;
    const claimed = this.#claimed;
    const counts = this.counts;
    const [perCpu = 0, perMemory = 0, perVolume = 0, perInstance = 0] = this.#multipliers;
    const [cpuScale, memoryScale] = this.#scales;
    const sizes = Float64Array.from(this.#items.flatMap((item) => item.sizes));
    const duals = Float64Array.from(this.#items.map(({ dual }) => dual));
    const copies = Int32Array.from(this.#items.map((item) => item.copies));
    // rest[4 * i ...] is what is left when class i is decided; inHand[i] what was gathered.
    const rest = new Float64Array((n + 1) * DIMENSIONS);
    const inHand = new Float64Array(n + 1);
    rest.set(this.#room);
    const seen = new SeenStates();

    const isHopeless = (i: number): boolean => {
      const at = i * DIMENSIONS;
      const cpu = rest[at] as number;
      const memory = rest[at + 1] as number;
      const volumes = rest[at + 2] as number;
      const instances = rest[at + 3] as number;
      const row = wholePart(cpu * cpuScale.numerator, cpuScale.denominator);
      const column = wholePart(memory * memoryScale.numerator, memoryScale.denominator);
      const slot = slots > 1 ? instances : 0;
      const worth = inHand[i] as number;
      const more =
        (suffix[i * size + (row * slots + slot) * columns + column] as number) +
        perCpu * cpu +
        perMemory * memory +
        perVolume * volumes +
        perInstance * instances;
      if (worth + more <= claimed) return true;

      return seen.has(i, cpu, memory, volumes, instances, worth);
    };

    const decide = (i: number): void => {
      const at = i * DIMENSIONS;
      const count = counts[i] as number;
      for (let d = 0; d < DIMENSIONS; d++)
        rest[at + DIMENSIONS + d] = (rest[at + d] as number) - count * (sizes[at + d] as number);
      inHand[i + 1] = (inHand[i] as number) + count * (duals[i] as number);
    };

    let i = 0;
    for (;;) {
      if (++this.nodes > mostNodes) return "proof_too_long";
      if ((inHand[i] as number) > claimed) {
        counts.fill(0, i);
        this.worth = inHand[i] as number;
        return "found";
      }
      if (i === n || isHopeless(i)) {
        // Back to the last class of which some were taken: one fewer.
        do i--;
        while (i >= 0 && counts[i] === 0);
        if (i < 0) return "none";
        counts[i] = (counts[i] as number) - 1;
      } else {
        let most = copies[i] as number;
        for (let d = 0; d < DIMENSIONS; d++) {
          const amount = sizes[i * DIMENSIONS + d] as number;
          if (amount > 0) most = Math.min(most, wholePart(rest[i * DIMENSIONS + d] as number, amount));
        }
        counts[i] = most;
      }
      decide(i);
      i++;
    }
  }
}

function isExactScale(items: readonly Item[], d: number, { numerator, denominator }: Scale): boolean {
  return items.every(({ sizes }) => ((sizes[d] as number) * numerator) % denominator === 0);
}
