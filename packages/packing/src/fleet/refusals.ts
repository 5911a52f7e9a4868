import { tenantLimit } from "../case/packing-case.ts";
import type { Dimension, FleetPolicy, InstanceRequest, RejectionReason } from "../types.ts";
import type { HeadroomCounts } from "./headroom.ts";
import {
  CLOSED,
  CPU,
  conflicts,
  DIMENSIONS,
  MEMORY,
  type NodeTable,
  REMOVED,
  residentsOf,
  SLOTS,
  VOLUMES,
} from "./node-table.ts";
import type { Size } from "./room-value.ts";

/** Why a node or an option refuses an instance, as a small number; 0 where it does not. Numbers from 9 on are names of closures. */
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
/** Of the row of a removed node: no candidate. */
export const GONE = 8;
const CLOSURES = 9;

export interface Refusals {
  /** Whether the node is open and has room for the size; `GONE` for the row of a removed node. */
  roomCode(row: number, size: Size): RefusalCode;
  /** What else than room decides, for a node that is open and has it: `POSSIBLE`, or the first rule that would be broken. */
  ruleCode(row: number, request: InstanceRequest, conflicting: readonly number[]): RefusalCode;
  /** Whether there are rules beside the conflict with instances of the same cluster. */
  readonly hasRules: boolean;
  /** The code of what is closed for a named reason. */
  closedCode(because: string): RefusalCode;
  /** Only what room does not decide: for a node that is open and has it. */
  holdsBack(row: number, request: InstanceRequest): boolean;
  /** What a code of `closedCode` says; undefined for any other. */
  closure(code: RefusalCode): RejectionReason | undefined;
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
  const closures: Extract<RejectionReason, { kind: "closed" }>[] = [];
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
    for (let index = 0; index < closures.length; index++) {
      if (closures[index]?.because === because) return CLOSURES + index;
    }
    return CLOSURES + closures.push({ kind: "closed", because }) - 1;
  }

  function isOverShare(row: number, { organizationId }: InstanceRequest): boolean {
    return heldOn(row, organizationId) >= limitOf(table.facts[row]?.poolId ?? "", organizationId);
  }

  return {
    tenantLimit: limitOf,
    closedCode,
    closure: (code) => closures[code - CLOSURES],
    hasRules: hasShares || hasHeadroom,
    roomCode(row, { cpuMilli, memoryMib, volumes }) {
      const { free, standing } = table;
      const stands = standing[row] as number;
      if (stands === REMOVED) return GONE;
      if (stands === CLOSED) return closedCode(table.facts[row]?.closed ?? "unknown");
      const base = row * DIMENSIONS;
      return shortOf(
        (free[base + MEMORY] as number) - memoryMib,
        (free[base + CPU] as number) - cpuMilli,
        (free[base + VOLUMES] as number) - volumes,
        (free[base + SLOTS] as number) - 1,
      );
    },
    ruleCode(row, request, conflicting) {
      if (conflicting.length > 0 && conflicting.includes(row)) return CONFLICT;
      if (hasShares && isOverShare(row, request)) return TENANT_SHARE;
      return hasHeadroom && headroom.refusal(row, request) !== undefined ? HEADROOM : POSSIBLE;
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
          return closures[code - CLOSURES] ?? { kind: "closed", because: "unknown" };
      }
    },
  };
}

/** The code of the first dimension of which less than nothing would be left. */
export function shortOf(memoryMib: number, cpuMilli: number, volumes: number, slots: number): RefusalCode {
  if (memoryMib < 0) return 1;
  if (cpuMilli < 0) return 2;
  if (volumes < 0) return 3;
  return slots < 0 ? 4 : POSSIBLE;
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
