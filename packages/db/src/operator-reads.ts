import { type IdSource, OPERATOR_READ, type OrganizationId } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import type { ScopedDatabase } from "./scoped.ts";
import type { Sql } from "./sql.ts";

/** What of a tenant somebody of the platform is about to see. */
export interface OperatorSight {
  readonly organizationId: OrganizationId;
  readonly targetType: "organization" | "cluster";
  readonly targetId: string;
}

export interface OperatorRead extends Actor {
  /** The operation by which it is seen. */
  readonly operation: string;
  /** One an organization. */
  readonly sights: readonly OperatorSight[];
}

/** How long the same reader sees the same by the same operation under one row: a page that polls is one look. */
const LOOK_MINUTES = 10;

/**
 * Says in each tenant's chain that somebody of the platform sees data of its. What a row of the last minutes says already is
 * not said again; two requests at the same moment may both say it.
 */
export async function recordOperatorRead(db: ScopedDatabase, ids: IdSource, read: OperatorRead): Promise<void> {
  const { actor, requestId, operation } = read;
  const fresh = await freshSights(db, read);
  if (fresh.length === 0) return;
  await db.transaction(async (tx) => {
    for (const sight of fresh) {
      await appendAudit(tx, ids, { ...sight, actor, requestId, action: OPERATOR_READ, data: { operation } });
    }
  });
}

async function freshSights(sql: Sql, { sights, actor, operation }: OperatorRead): Promise<OperatorSight[]> {
  const rows = await sql.query<{ index: number }>(
    `select s.index::int as index
       from unnest($1::text[], $2::text[], $3::text[]) with ordinality as s(organization_id, target_type, target_id, index)
      where not exists (
        select 1 from audit_event a
         where a.organization_id = s.organization_id and a.created_at > now() - $4::int * interval '1 minute'
           and a.actor_id = $5 and a.action = $6 and a.target_type = s.target_type and a.target_id = s.target_id
           and a.content::json #>> '{changes,after,operation}' = $7)`,
    [
      sights.map(({ organizationId }) => organizationId),
      sights.map(({ targetType }) => targetType),
      sights.map(({ targetId }) => targetId),
      LOOK_MINUTES,
      actor,
      OPERATOR_READ,
      operation,
    ],
  );
  return rows.flatMap(({ index }) => sights[index - 1] ?? []);
}
