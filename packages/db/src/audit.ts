import type { IdSource, OrganizationId } from "@berth/domain";
import type { Actor } from "./actor.ts";
import type { Tx } from "./sql.ts";

export interface NewAuditEvent extends Actor {
  readonly organizationId: OrganizationId;
  /** As `cluster.create`. */
  readonly action: string;
  readonly targetType: string;
  readonly targetId: string;
  /** What changed; secrets never. */
  readonly data?: object;
}

/** Writes down a change, in its transaction. Neither the API nor the worker can change or remove the row. */
export async function appendAudit(tx: Tx, ids: IdSource, event: NewAuditEvent): Promise<void> {
  await tx.query(
    `insert into audit_event (id, organization_id, actor, action, target_type, target_id, request_id, data)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)`,
    [
      ids.next("auditEvent"),
      event.organizationId,
      event.actor,
      event.action,
      event.targetType,
      event.targetId,
      event.requestId,
      JSON.stringify(event.data ?? {}),
    ],
  );
}
