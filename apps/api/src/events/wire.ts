import type { Event } from "@berth/contract";
import { fieldsOf, iso } from "../http/wire.ts";

export interface EventRow {
  readonly seq: bigint;
  readonly id: string;
  readonly type: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly operationId: string | null;
  readonly data: unknown;
  readonly createdAt: Date;
}

export function toEventBody(row: EventRow): Event {
  return {
    id: row.id,
    type: row.type,
    target: { type: row.targetType, id: row.targetId },
    operation_id: row.operationId,
    data: { ...fieldsOf(row.data) },
    created_at: iso(row.createdAt),
  };
}
