import type { FleetPolicy, Headroom, RejectionReason } from "../types.ts";
import { CPU, DIMENSIONS, MEMORY, type NodeTable, SLOTS, VOLUMES } from "./node-table.ts";
import type { Size } from "./room-value.ts";

/** Counts the phantom instances that each pool's nodes could still take in each zone. */
export interface HeadroomCounts {
  /** To be called after every change of a row. O(1). */
  follow(row: number): void;
  /** A placement begins: where less is kept than wanted, it is what is kept now that must stay. */
  begin(): void;
  /** Whether the row's pool keeps less in its zone than must stay. */
  isShort(row: number): boolean;
  /** Why a size may not go to the row. */
  refusal(row: number, size: Size): Extract<RejectionReason, { kind: "headroom" }> | undefined;
}

/** A pool's nodes in one zone. */
interface Group {
  phantoms: number;
  atBegin: number;
}

export function headroomCounts(table: NodeTable, policy: FleetPolicy): HeadroomCounts {
  const wanted = new Map<string, Headroom>();
  for (const { poolId, headroom } of policy.pools ?? []) if (headroom !== undefined) wanted.set(poolId, headroom);
  if (wanted.size === 0) return { follow: () => {}, begin: () => {}, isShort: () => false, refusal: () => undefined };

  const groups = new Map<string, Group>();
  /** What each row counts for, and in which group. */
  const counted: ({ readonly group: Group; readonly phantoms: number } | undefined)[] = [];

  function phantomsOn(row: number, shape: Headroom, less: Size | undefined): number {
    const facts = table.facts[row];
    if (facts === undefined || facts.closed !== undefined || facts.markedForDrain === true) return 0;
    const base = row * DIMENSIONS;
    const free = (dimension: number, taken: number) => (table.free[base + dimension] as number) - taken;
    let most = free(SLOTS, less === undefined ? 0 : 1);
    if (shape.cpuMilli > 0) most = Math.min(most, free(CPU, less?.cpuMilli ?? 0) / shape.cpuMilli);
    if (shape.memoryMib > 0) most = Math.min(most, free(MEMORY, less?.memoryMib ?? 0) / shape.memoryMib);
    if (shape.volumes > 0) most = Math.min(most, free(VOLUMES, less?.volumes ?? 0) / shape.volumes);
    return Math.max(0, Math.floor(most));
  }

  return {
    begin() {
      for (const group of groups.values()) group.atBegin = group.phantoms;
    },
    isShort(row) {
      const group = counted[row]?.group;
      const shape = wanted.get(table.facts[row]?.poolId ?? "");
      return group !== undefined && shape !== undefined && group.phantoms < Math.min(shape.instances, group.atBegin);
    },
    follow(row) {
      const before = counted[row];
      if (before !== undefined) before.group.phantoms -= before.phantoms;
      counted[row] = undefined;
      const facts = table.facts[row];
      const shape = facts === undefined ? undefined : wanted.get(facts.poolId);
      if (facts === undefined || shape === undefined) return;
      const key = `${facts.poolId}/${facts.zone}`;
      const group = groups.get(key) ?? { phantoms: 0, atBegin: 0 };
      groups.set(key, group);
      const phantoms = phantomsOn(row, shape, undefined);
      group.phantoms += phantoms;
      counted[row] = { group, phantoms };
    },
    refusal(row, size) {
      const now = counted[row];
      const facts = table.facts[row];
      const shape = facts === undefined ? undefined : wanted.get(facts.poolId);
      if (now === undefined || shape === undefined) return undefined;
      const lost = now.phantoms - phantomsOn(row, shape, size);
      const left = now.group.phantoms - lost;
      const least = Math.min(shape.instances, now.group.atBegin);
      return lost > 0 && left < least ? { kind: "headroom", left, wanted: shape.instances } : undefined;
    },
  };
}
