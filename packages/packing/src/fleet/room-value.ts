import type { Allocatable } from "@berth/domain";
import type { LaunchOption, NodeState, RoomPrices } from "../types.ts";

/** What an instance takes of a node, beside one slot. */
export interface Size {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
}

/**
 * What free room is worth: at most the sum of its parts, and no more than the part that ends first can earn.
 *
 * `most` is what a unit of each dimension earns at best: in the instance that needs least of it for its value, but not much
 * more than in all instances together, as not all that comes can be the best; a slot as much as it earns in the mean. A node
 * with much memory and no CPU left is worth nothing, though its memory has a price.
 */
export interface RoomValue {
  readonly prices: RoomPrices;
  readonly most: RoomPrices;
}

/** How much better than the mean a mix may be chosen. */
const CHOICE = 1.2;
/** How many ratios between the prices of memory and CPU are tried. */
const RATIOS = 96;

/**
 * Prices of CPU and memory under which no option is worth more than it costs, and what runs is worth most. Volumes and
 * slots are free: they count where they end first.
 *
 * O(ratios x options).
 */
export function roomPricesFrom(
  offers: readonly { readonly priceMicroUsdPerHour: number; readonly allocatable: Allocatable }[],
  mix: Pick<Size, "cpuMilli" | "memoryMib">,
): RoomPrices {
  let best = { cpuMilli: 1, memoryMib: 0.15, volumes: 0, slot: 0 };
  let bestWorth = 0;
  for (let step = 0; step <= RATIOS; step++) {
    // A MiB for 0.01 to 10 millicores; 0.15 is what general purpose machines have.
    const ratio = 0.01 * 1000 ** (step / RATIOS);
    let scale = Number.POSITIVE_INFINITY;
    for (const { priceMicroUsdPerHour: price, allocatable } of offers) {
      const units = allocatable.cpuMilli + ratio * allocatable.memoryMib;
      if (price > 0 && units > 0) scale = Math.min(scale, price / units);
    }
    if (scale === Number.POSITIVE_INFINITY) continue;
    const worth = scale * (mix.cpuMilli + ratio * mix.memoryMib);
    if (worth > bestWorth) {
      bestWorth = worth;
      best = { cpuMilli: scale, memoryMib: scale * ratio, volumes: 0, slot: 0 };
    }
  }
  return best;
}

/** The value of room for instances like these. O(sizes + options). */
export function roomValue(
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  sizes: Iterable<Size>,
  given: RoomPrices | undefined,
): RoomValue {
  const all = [...sizes];
  const mix = all.reduce(
    (sum, one) => ({
      cpuMilli: sum.cpuMilli + one.cpuMilli,
      memoryMib: sum.memoryMib + one.memoryMib,
      volumes: sum.volumes + one.volumes,
    }),
    { cpuMilli: 1, memoryMib: 1, volumes: 1 },
  );
  const prices = given ?? roomPricesFrom(options.length > 0 ? options : nodes, mix);
  const most = { cpuMilli: 0, memoryMib: 0, volumes: 0, slot: 0 };
  for (const size of all) {
    const worth = sizeValue(prices, size, 1);
    if (size.cpuMilli > 0) most.cpuMilli = Math.max(most.cpuMilli, worth / size.cpuMilli);
    if (size.memoryMib > 0) most.memoryMib = Math.max(most.memoryMib, worth / size.memoryMib);
    if (size.volumes > 0) most.volumes = Math.max(most.volumes, worth / size.volumes);
    most.slot += worth / all.length;
  }
  const inAll = sizeValue(prices, mix, all.length) * CHOICE;
  most.cpuMilli = Math.min(most.cpuMilli, inAll / mix.cpuMilli);
  most.memoryMib = Math.min(most.memoryMib, inAll / mix.memoryMib);
  return { prices, most };
}

/** What instances are worth that take so much, together. */
export function sizeValue(prices: RoomPrices, size: Size, instances: number): number {
  return (
    size.cpuMilli * prices.cpuMilli +
    size.memoryMib * prices.memoryMib +
    size.volumes * prices.volumes +
    instances * prices.slot
  );
}

/** What room is worth. Nothing where a dimension is overdrawn. */
export function valueOfRoom(
  { prices, most }: RoomValue,
  cpuMilli: number,
  memoryMib: number,
  volumes: number,
  slots: number,
): number {
  const sum =
    cpuMilli * prices.cpuMilli + memoryMib * prices.memoryMib + volumes * prices.volumes + slots * prices.slot;
  return Math.max(
    0,
    Math.min(sum, cpuMilli * most.cpuMilli, memoryMib * most.memoryMib, volumes * most.volumes, slots * most.slot),
  );
}
