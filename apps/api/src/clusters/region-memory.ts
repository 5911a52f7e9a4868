import type { Sql } from "@berth/db";
import type { Clock } from "@berth/ports";
import { type RegionGround, readRegion } from "./plan-new-cluster.ts";

/**
 * What was open in a region a moment ago, by any caller's look: pools, offerings and machines are nobody's in particular, and
 * reading them is a third of what a create costs.
 */
export interface RegionMemory {
  /** As it was last read, a second ago at most; undefined when nobody did. */
  recall(region: string): RegionGround | undefined;
  /** Reads it, and remembers it. */
  read(sql: Sql, region: string): Promise<RegionGround>;
}

const REMEMBERED_MS = 1000;

export function createRegionMemory(clock: Clock): RegionMemory {
  const remembered = new Map<string, { readonly ground: RegionGround; readonly until: number }>();
  return {
    recall: (region) => {
      const one = remembered.get(region);
      return one !== undefined && clock.now().getTime() < one.until ? one.ground : undefined;
    },
    read: async (sql, region) => {
      const until = clock.now().getTime() + REMEMBERED_MS;
      const ground = await readRegion(sql, region, "types");
      // Of a region that there is not, nothing is kept: callers name it.
      if (ground.kubes.length > 0) remembered.set(region, { ground, until });
      return ground;
    },
  };
}
