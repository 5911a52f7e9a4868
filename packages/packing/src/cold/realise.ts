import type { Bins } from "./bins.ts";
import type { Pattern } from "./vector-problem.ts";

/**
 * Opens a bin for each pattern and puts items into it: classes with the fewest items first, and of a class the items of the
 * tenants with the most, as those are hardest to keep apart. What finds no room in a pattern goes where it fits, or into the
 * cheapest new bin. O(items x bins) at worst, as a rule O(items x items of a bin).
 */
export function realise(
  bins: Bins,
  plan: readonly { readonly pattern: Pattern; readonly times: number }[],
  offersByPrice: Int32Array,
): void {
  const { classOf, clusterOf, tenantOf, count, problem } = bins.items;
  const opened: { readonly bin: number; readonly pattern: Pattern }[] = [];
  for (const { pattern, times } of plan) {
    for (let i = 0; i < times; i++) opened.push({ bin: bins.open(pattern.offer), pattern });
  }
  const ofTenant = new Map<number, number>();
  const byClass = Array.from({ length: problem.classes }, () => [] as number[]);
  for (let item = 0; item < count; item++) {
    if (bins.binOf[item] !== -1) continue;
    const tenant = tenantOf[item] as number;
    ofTenant.set(tenant, (ofTenant.get(tenant) ?? 0) + 1);
    byClass[classOf[item] as number]?.push(item);
  }
  const weight = (item: number) => ofTenant.get(tenantOf[item] as number) ?? 0;
  const left: number[] = [];
  const order = Array.from(byClass.keys()).sort((a, b) => sizeOf(byClass[a]) - sizeOf(byClass[b]) || a - b);
  for (const c of order) {
    const items = (byClass[c] ?? []).sort(
      (a, b) => weight(b) - weight(a) || (clusterOf[a] as number) - (clusterOf[b] as number) || a - b,
    );
    const slots = opened.flatMap(({ bin, pattern }) => {
      const at = pattern.classes.indexOf(c);
      return at === -1 ? [] : [{ bin, room: pattern.counts[at] as number }];
    });
    let cursor = 0;
    for (const item of items) {
      let found = false;
      for (let step = 0; step < slots.length && !found; step++) {
        const slot = slots[(cursor + step) % slots.length] as (typeof slots)[number];
        if (slot.room === 0 || !bins.fits(item, slot.bin)) continue;
        bins.put(item, slot.bin);
        slot.room -= 1;
        cursor = (cursor + step + 1) % slots.length;
        found = true;
      }
      if (!found) left.push(item);
    }
  }
  for (let bin = bins.size - 1; bin >= 0; bin--) if (bins.countOf[bin] === 0) bins.close(bin);
  for (const item of left) bins.put(item, binFor(bins, item, offersByPrice));
}

function sizeOf(items: readonly number[] | undefined): number {
  return items?.length ?? 0;
}

function binFor(bins: Bins, item: number, offersByPrice: Int32Array): number {
  for (let bin = 0; bin < bins.size; bin++) if (bins.fits(item, bin)) return bin;
  for (const offer of offersByPrice) if (bins.holds(item, offer)) return bins.open(offer);
  throw new Error(`item ${item} fits no offer`);
}
