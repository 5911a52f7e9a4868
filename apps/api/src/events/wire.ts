import type { Event } from "@berth/contract";
import type { EventRow } from "@berth/db";
import { fieldsOf, iso } from "../http/wire.ts";

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
