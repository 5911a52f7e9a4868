import type { Block } from "./blocks.ts";
import { fitting } from "./vector-problem.ts";

/**
 * A zone for each of a block's instances: the only one, or the one of its choice with the fewest instances of its cluster
 * (and, of those, with the least memory so far), so that a cluster's skew stays within one where it may choose. A zone counts
 * as a choice where some type that holds the instance is sold. Gives indices into the block's zones.
 */
export function chooseZones(block: Block): Int32Array {
  const { problem, zones, instances, classOf } = block;
  const choices = block.classes.map((one, c) =>
    one.zones.map((zone) => zones.indexOf(zone)).filter((zone) => isHeldIn(block, c, zone)),
  );
  const inCluster = new Map<string, Int32Array>();
  const countsOf = (index: number) => {
    const key = instances[index]?.cluster ?? `alone ${index}`;
    const known = inCluster.get(key);
    if (known !== undefined) return known;
    const counts = new Int32Array(zones.length);
    inCluster.set(key, counts);
    return counts;
  };
  const memory = new Float64Array(zones.length);
  const result = new Int32Array(instances.length).fill(-1);
  const put = (index: number, zone: number) => {
    result[index] = zone;
    const counts = countsOf(index);
    counts[zone] = (counts[zone] as number) + 1;
    memory[zone] =
      (memory[zone] as number) + (problem.sizes[(classOf[index] as number) * problem.dimensions + 1] as number);
  };
  const choiceOf = (index: number) => choices[classOf[index] as number] ?? [];
  for (let index = 0; index < instances.length; index++) {
    const only = choiceOf(index);
    if (only.length === 1) put(index, only[0] as number);
  }
  const least = (index: number) => {
    const counts = countsOf(index);
    return [...choiceOf(index)].sort(
      (a, b) => (counts[a] as number) - (counts[b] as number) || (memory[a] as number) - (memory[b] as number) || a - b,
    )[0] as number;
  };
  for (let index = 0; index < instances.length; index++) if (result[index] === -1) put(index, least(index));
  // Other choices may have filled a zone since: each move lowers the sum of the squares of a cluster's counts.
  for (let moved = true; moved; ) {
    moved = false;
    for (let index = 0; index < instances.length; index++) {
      const counts = countsOf(index);
      const from = result[index] as number;
      const to = least(index);
      if ((counts[from] as number) - (counts[to] as number) < 2) continue;
      counts[from] = (counts[from] as number) - 1;
      put(index, to);
      moved = true;
    }
  }
  return result;
}

function isHeldIn({ problem }: Block, c: number, zone: number): boolean {
  for (let offer = 0; offer < problem.offers; offer++) {
    if (problem.zoneOf[offer] === zone && fitting(problem, c, offer) > 0) return true;
  }
  return false;
}
