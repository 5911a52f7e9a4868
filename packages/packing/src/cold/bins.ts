import type { Items } from "./items.ts";

/**
 * Bins and what lies in them, changed in place.
 *
 * Bin b is of offer `offerOf[b]`, holds `countOf[b]` items at `itemsOf[b * stride]` and on, and carries
 * `load[b * dimensions + d]`; bins are 0 … size - 1, and removing one moves the last into its place. O(items in the bin) for
 * every change.
 */
export class Bins {
  readonly items: Items;
  readonly stride: number;
  size = 0;
  cost = 0;
  offerOf = new Int32Array(64);
  countOf = new Int32Array(64);
  itemsOf: Int32Array<ArrayBuffer>;
  load: Int32Array<ArrayBuffer>;
  /** Of each item, or -1. */
  readonly binOf: Int32Array;

  constructor(items: Items) {
    this.items = items;
    this.stride = mostInABin(items);
    this.itemsOf = new Int32Array(64 * this.stride);
    this.load = new Int32Array(64 * items.problem.dimensions);
    this.binOf = new Int32Array(items.count).fill(-1);
  }

  open(offer: number): number {
    const { dimensions, prices } = this.items.problem;
    if (this.size === this.offerOf.length) {
      this.offerOf = grown(this.offerOf);
      this.countOf = grown(this.countOf);
      this.itemsOf = grown(this.itemsOf);
      this.load = grown(this.load);
    }
    const bin = this.size++;
    this.offerOf[bin] = offer;
    this.countOf[bin] = 0;
    this.load.fill(0, bin * dimensions, (bin + 1) * dimensions);
    this.cost += prices[offer] as number;
    return bin;
  }

  /** The bin must be empty, or its items put elsewhere afterwards. */
  close(bin: number): void {
    const { dimensions, prices } = this.items.problem;
    this.cost -= prices[this.offerOf[bin] as number] as number;
    for (let i = 0; i < (this.countOf[bin] as number); i++)
      this.binOf[this.itemsOf[bin * this.stride + i] as number] = -1;
    const last = --this.size;
    if (bin === last) return;
    this.offerOf[bin] = this.offerOf[last] as number;
    this.countOf[bin] = this.countOf[last] as number;
    this.itemsOf.copyWithin(bin * this.stride, last * this.stride, last * this.stride + (this.countOf[last] as number));
    this.load.copyWithin(bin * dimensions, last * dimensions, (last + 1) * dimensions);
    for (let i = 0; i < (this.countOf[bin] as number); i++)
      this.binOf[this.itemsOf[bin * this.stride + i] as number] = bin;
  }

  put(item: number, bin: number): void {
    const { dimensions, sizes } = this.items.problem;
    const c = this.items.classOf[item] as number;
    this.itemsOf[bin * this.stride + (this.countOf[bin] as number)] = item;
    this.countOf[bin] = (this.countOf[bin] as number) + 1;
    for (let d = 0; d < dimensions; d++) {
      this.load[bin * dimensions + d] =
        (this.load[bin * dimensions + d] as number) + (sizes[c * dimensions + d] as number);
    }
    this.binOf[item] = bin;
  }

  take(item: number): void {
    const { dimensions, sizes } = this.items.problem;
    const bin = this.binOf[item] as number;
    const c = this.items.classOf[item] as number;
    const last = (this.countOf[bin] as number) - 1;
    for (let i = 0; i < last; i++) {
      const at = bin * this.stride + i;
      if (this.itemsOf[at] !== item) continue;
      this.itemsOf[at] = this.itemsOf[bin * this.stride + last] as number;
      break;
    }
    this.countOf[bin] = last;
    for (let d = 0; d < dimensions; d++) {
      this.load[bin * dimensions + d] =
        (this.load[bin * dimensions + d] as number) - (sizes[c * dimensions + d] as number);
    }
    this.binOf[item] = -1;
  }

  fits(item: number, bin: number): boolean {
    const { dimensions, sizes, capacities } = this.items.problem;
    const c = (this.items.classOf[item] as number) * dimensions;
    const room = (this.offerOf[bin] as number) * dimensions;
    for (let d = 0; d < dimensions; d++) {
      if ((this.load[bin * dimensions + d] as number) + (sizes[c + d] as number) > (capacities[room + d] as number))
        return false;
    }
    return !this.conflicts(item, bin);
  }

  /** Whether an empty bin of the offer would take the item. */
  holds(item: number, offer: number): boolean {
    const { dimensions, sizes, capacities } = this.items.problem;
    const c = (this.items.classOf[item] as number) * dimensions;
    for (let d = 0; d < dimensions; d++) {
      if ((sizes[c + d] as number) > (capacities[offer * dimensions + d] as number)) return false;
    }
    return true;
  }

  /** A copy that changes by itself. */
  copy(): Bins {
    const copy = new Bins(this.items);
    copy.size = this.size;
    copy.cost = this.cost;
    copy.offerOf = this.offerOf.slice();
    copy.countOf = this.countOf.slice();
    copy.itemsOf = this.itemsOf.slice();
    copy.load = this.load.slice();
    copy.binOf.set(this.binOf);
    return copy;
  }

  /** A cluster's instances never share a bin, and of a tenant there are at most so many. */
  conflicts(item: number, bin: number): boolean {
    const { clusterOf, tenantOf, tenantLimit } = this.items;
    const cluster = clusterOf[item] as number;
    const tenant = tenantOf[item] as number;
    let left = tenant === -1 ? Number.POSITIVE_INFINITY : (tenantLimit[tenant] as number);
    const start = bin * this.stride;
    const end = start + (this.countOf[bin] as number);
    for (let at = start; at < end; at++) {
      const other = this.itemsOf[at] as number;
      if (cluster !== -1 && clusterOf[other] === cluster) return true;
      if (tenant !== -1 && tenantOf[other] === tenant && --left <= 0) return true;
    }
    return false;
  }

  /** Makes the bin one of the cheapest offer that holds what is in it; the offers are sorted by price. */
  shrink(bin: number, offersByPrice: Int32Array): void {
    const { dimensions, capacities, prices } = this.items.problem;
    const now = this.offerOf[bin] as number;
    for (let i = 0; i < offersByPrice.length; i++) {
      const offer = offersByPrice[i] as number;
      if ((prices[offer] as number) >= (prices[now] as number)) return;
      let holds = true;
      for (let d = 0; d < dimensions && holds; d++) {
        holds = (this.load[bin * dimensions + d] as number) <= (capacities[offer * dimensions + d] as number);
      }
      if (!holds) continue;
      this.cost += (prices[offer] as number) - (prices[now] as number);
      this.offerOf[bin] = offer;
      return;
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** No bin of any offer can hold more items than this. */
function mostInABin({ problem, count }: Items): number {
  const { dimensions, classes, sizes, offers, capacities } = problem;
  let most = 0;
  for (let d = 0; d < dimensions; d++) {
    let smallest = Number.POSITIVE_INFINITY;
    for (let c = 0; c < classes; c++) smallest = Math.min(smallest, sizes[c * dimensions + d] as number);
    if (smallest === 0) continue;
    let largest = 0;
    for (let offer = 0; offer < offers; offer++)
      largest = Math.max(largest, capacities[offer * dimensions + d] as number);
    const here = Math.floor(largest / smallest);
    most = most === 0 ? here : Math.min(most, here);
  }
  return Math.max(1, most === 0 ? count : Math.min(most, count));
}
