import { tenantLimit } from "../case/packing-case.ts";
import type { Dimension, FleetPolicy, InstanceRequest, RejectionReason } from "../types.ts";
import type { HeadroomCounts } from "./headroom.ts";
import {
  CLOSED,
  CPU,
  conflictingRows,
  conflicts,
  DIMENSIONS,
  MEMORY,
  type NodeTable,
  PLANNED,
  REMOVED,
  residentsOf,
  SLOTS,
  VOLUMES,
} from "./node-table.ts";

/** Why a node refuses an instance, as a small number; 0 where it does not. Numbers from 8 on are names of closures. */
export type RefusalCode = number;
export const POSSIBLE = 0;
const NO_ROOM: readonly { readonly dimension: Dimension; readonly at: number }[] = [
  { dimension: "memory", at: MEMORY },
  { dimension: "cpu", at: CPU },
  { dimension: "volumes", at: VOLUMES },
  { dimension: "pods", at: SLOTS },
];
const CONFLICT = 5;
const TENANT_SHARE = 6;
const HEADROOM = 7;
const CLOSURES = 8;

export interface Refusals {
  /**
   * For each row the first of the rules that a placement would break, in a fixed order. Asked of many rows at once: until
   * something changes. O(1) a row.
   */
  codesFor(request: InstanceRequest): (row: number) => RefusalCode;
  /** Only what room does not decide: for a node that is open and has it. */
  holdsBack(row: number, request: InstanceRequest): boolean;
  /** In words. Of a code that is not `POSSIBLE`. */
  describe(row: number, request: InstanceRequest, code: RefusalCode): RejectionReason;
  /** How many instances of an organization a node of the pool may hold. */
  tenantLimit(poolId: string, organizationId: string): number;
}

/** Also counts what waits of each organization: a share is one of what runs and waits. */
export function refusalsOf(
  table: NodeTable,
  policy: FleetPolicy,
  headroom: HeadroomCounts,
  waitingOf: (organizationId: string) => number,
): Refusals {
  const closures: string[] = [];
  const shares = new Map<string, number>();
  for (const { poolId, tenantSharePercent } of policy.pools ?? []) {
    if (tenantSharePercent !== undefined && tenantSharePercent < 100) shares.set(poolId, tenantSharePercent);
  }

  const hasShares = shares.size > 0;
  const hasHeadroom = (policy.pools ?? []).some((one) => one.headroom !== undefined);

  function limitOf(poolId: string, organizationId: string): number {
    const tenantSharePercent = shares.get(poolId);
    if (tenantSharePercent === undefined) return Number.POSITIVE_INFINITY;
    const instances = (table.tenants.get(organizationId)?.instances ?? 0) + waitingOf(organizationId);
    return tenantLimit(instances, { tenantSharePercent });
  }

  const heldOn = (row: number, organizationId: string) => table.tenants.get(organizationId)?.onRow.get(row) ?? 0;

  function closedCode(because: string): RefusalCode {
    let index = closures.indexOf(because);
    if (index < 0) index = closures.push(because) - 1;
    return CLOSURES + index;
  }

  function isOverShare(row: number, { organizationId }: InstanceRequest): boolean {
    return heldOn(row, organizationId) >= limitOf(table.facts[row]?.poolId ?? "", organizationId);
  }

  return {
    tenantLimit: limitOf,
    codesFor(request) {
      const { free, facts, standing } = table;
      const { cpuMilli, memoryMib, volumes } = request;
      const launchClosed = request.launchClosed === undefined ? POSSIBLE : closedCode(request.launchClosed);
      const conflicting = new Set(conflictingRows(table, request));
      return (row) => {
        const stands = standing[row] as number;
        if (stands === CLOSED || stands === REMOVED) return closedCode(facts[row]?.closed ?? "removed");
        if (stands === PLANNED && launchClosed !== POSSIBLE) return launchClosed;
        const base = row * DIMENSIONS;
        if (memoryMib > (free[base + MEMORY] as number)) return 1;
        if (cpuMilli > (free[base + CPU] as number)) return 2;
        if (volumes > (free[base + VOLUMES] as number)) return 3;
        if ((free[base + SLOTS] as number) < 1) return 4;
        if (conflicting.size > 0 && conflicting.has(row)) return CONFLICT;
        if (hasShares && isOverShare(row, request)) return TENANT_SHARE;
        return hasHeadroom && headroom.refusal(row, request) !== undefined ? HEADROOM : POSSIBLE;
      };
    },
    holdsBack: (row, request) =>
      (request.launchClosed !== undefined && table.facts[row]?.machine !== undefined) ||
      conflicts(table, row, request) ||
      (hasShares && isOverShare(row, request)) ||
      headroom.refusal(row, request) !== undefined,
    describe(row, request, code) {
      const lacking = NO_ROOM[code - 1];
      if (lacking !== undefined) {
        const needed = [request.cpuMilli, request.memoryMib, request.volumes, 1][lacking.at] as number;
        const free = table.free[row * DIMENSIONS + lacking.at] as number;
        return { kind: "no_room", dimension: lacking.dimension, needed, free };
      }
      switch (code) {
        case CONFLICT:
          return conflictWith(residentsOf(table, row), request);
        case TENANT_SHARE: {
          const limit = limitOf(table.facts[row]?.poolId ?? "", request.organizationId);
          return { kind: "tenant_share", held: heldOn(row, request.organizationId), limit };
        }
        case HEADROOM: {
          const refusal = headroom.refusal(row, request);
          if (refusal === undefined) throw new Error("a refusal is described before anything changes");
          return refusal;
        }
        default:
          return { kind: "closed", because: closures[code - CLOSURES] ?? "unknown" };
      }
    },
  };
}

function conflictWith(others: readonly InstanceRequest[], request: InstanceRequest): RejectionReason {
  for (const other of others) {
    if (other.clusterId !== request.clusterId) continue;
    if (other.holdsData && request.holdsData) return { kind: "conflict", role: "data", withInstance: other.instanceId };
    if (other.masterEligible && request.masterEligible) {
      return { kind: "conflict", role: "master", withInstance: other.instanceId };
    }
  }
  throw new Error("a conflict is described before anything changes");
}
