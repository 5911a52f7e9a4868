import type { LaunchOption } from "../types.ts";
import type { HeldReason } from "./rebalance-plan.ts";

/** What pools may still have: machines, and dollars an hour. */
export interface PoolRooms {
  /** Why these may not be launched together; undefined when they may. */
  refusal(options: readonly LaunchOption[]): Extract<HeldReason, "pool_full" | "spend_cap"> | undefined;
  /** A pool has so many machines more of this price, or fewer. */
  count(poolId: string, priceMicroUsdPerHour: number, machines: 1 | -1): void;
}

/** Of options that differ in their pool's room the least counts. */
export function poolRooms(options: readonly LaunchOption[]): PoolRooms {
  const rooms = new Map<string, { machines: number; spend: number }>();
  for (const { poolId, poolRoom, poolSpendRoomMicroUsdPerHour: spend = Number.POSITIVE_INFINITY } of options) {
    const known = rooms.get(poolId) ?? { machines: poolRoom, spend };
    rooms.set(poolId, { machines: Math.min(known.machines, poolRoom), spend: Math.min(known.spend, spend) });
  }
  return {
    refusal(launched) {
      for (const { poolId } of launched) {
        const room = rooms.get(poolId);
        const ofPool = launched.filter((one) => one.poolId === poolId);
        if (room === undefined || ofPool.length > room.machines) return "pool_full";
        if (ofPool.reduce((sum, one) => sum + one.priceMicroUsdPerHour, 0) > room.spend) return "spend_cap";
      }
      return undefined;
    },
    count(poolId, priceMicroUsdPerHour, machines) {
      const room = rooms.get(poolId);
      if (room === undefined) return;
      room.machines -= machines;
      room.spend -= machines * priceMicroUsdPerHour;
    },
  };
}
