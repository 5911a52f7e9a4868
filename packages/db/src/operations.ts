import {
  err,
  OPERATION_STEPS,
  type OperationId,
  type OperationKind,
  type OperationState,
  type OrganizationId,
  ok,
  type Result,
  type StepState,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface StoredStep {
  readonly name: string;
  readonly state: StepState;
  /** ISO 8601. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly message: string;
}

export interface OperationRow {
  readonly id: OperationId;
  readonly organizationId: OrganizationId;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly targetType: string;
  readonly targetId: string;
  readonly generation: number;
  readonly steps: readonly StoredStep[];
  readonly error: unknown;
  readonly requestedBy: string;
  readonly requestId: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

const FIELDS = [
  "id",
  "organizationId",
  "kind",
  "state",
  "targetType",
  "targetId",
  "generation",
  "steps",
  "error",
  "requestedBy",
  "requestId",
  "createdAt",
  "startedAt",
  "finishedAt",
] as const;
const COLUMNS = columns<OperationRow>("o", FIELDS);
const OPEN = "('pending', 'running', 'cancelling')";

export interface OperationInProgress {
  readonly kind: "operation_in_progress";
  readonly operationId: OperationId;
  readonly operationKind: OperationKind;
}

/** Opens an operation on a cluster. Refuses while another is open: a unique index holds that against every race. */
export async function insertOperation(
  tx: Tx,
  operation: Actor & {
    readonly id: OperationId;
    readonly organizationId: OrganizationId;
    readonly kind: OperationKind;
    readonly targetId: string;
    readonly generation: number;
  },
): Promise<Result<OperationRow, OperationInProgress>> {
  const steps = OPERATION_STEPS[operation.kind].map(
    (name): StoredStep => ({ name, state: "pending", startedAt: null, finishedAt: null, message: "" }),
  );
  const [row] = await tx.query<OperationRow>(
    `insert into operation as o (id, organization_id, kind, target_type, target_id, generation, steps, requested_by, request_id)
     values ($1, $2, $3, 'cluster', $4, $5, $6::jsonb, $7, $8)
     on conflict (target_id) where state in ${OPEN} do nothing
     returning ${COLUMNS}`,
    [
      operation.id,
      operation.organizationId,
      operation.kind,
      operation.targetId,
      operation.generation,
      JSON.stringify(steps),
      operation.actor,
      operation.requestId,
    ],
  );
  if (row !== undefined) return ok(row);
  const open = await findOpenOperation(tx, operation.organizationId, operation.targetId);
  // It ended between the two statements: the caller's next try will pass.
  if (open === undefined) throw Object.assign(new Error("the operation in the way has just ended"), { code: "40001" });
  return err({ kind: "operation_in_progress", operationId: open.id, operationKind: open.kind });
}

export async function findOperation(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<OperationRow | undefined> {
  const [row] = await sql.query<OperationRow>(
    `select ${COLUMNS} from operation o where o.organization_id = $1 and o.id = $2`,
    [organizationId, id],
  );
  return row;
}

/** The operation that changes a cluster now, if any. */
export async function findOpenOperation(
  sql: Sql,
  organizationId: OrganizationId,
  targetId: string,
): Promise<OperationRow | undefined> {
  const [row] = await sql.query<OperationRow>(
    `select ${COLUMNS} from operation o where o.organization_id = $1 and o.target_id = $2 and o.state in ${OPEN}`,
    [organizationId, targetId],
  );
  return row;
}

/** The newest of a kind, whether it has ended or not. */
export async function findLastOperation(
  sql: Sql,
  organizationId: OrganizationId,
  targetId: string,
  kind: OperationKind,
): Promise<OperationRow | undefined> {
  const [row] = await sql.query<OperationRow>(
    `select ${COLUMNS} from operation o where o.organization_id = $1 and o.target_id = $2 and o.kind = $3
      order by o.id desc limit 1`,
    [organizationId, targetId, kind],
  );
  return row;
}

export interface OperationQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly targetId?: string | undefined;
  readonly state?: OperationState | undefined;
  readonly kind?: OperationKind | undefined;
}

export function listOperations(sql: Sql, query: OperationQuery): Promise<Page<OperationRow>> {
  const where = startWhere();
  where.add("o.organization_id = ?", query.organizationId);
  where.add("o.target_id = ?", query.targetId);
  where.add("o.state = ?", query.state);
  where.add("o.kind = ?", query.kind);
  return pageByAge(sql, `select ${COLUMNS} from operation o`, "o", where, query);
}

/**
 * Ends whatever runs on a target, because something stronger was asked for (a deletion). Gives what it ended.
 */
export function cancelOpenOperations(
  tx: Tx,
  organizationId: OrganizationId,
  targetId: string,
  because: string,
): Promise<OperationRow[]> {
  return tx.query<OperationRow>(
    `update operation o set state = 'cancelled', finished_at = now(), error = $3::jsonb,
            steps = (select coalesce(jsonb_agg(case when s ->> 'state' in ('pending', 'running')
                       then s || '{"state": "skipped"}'::jsonb else s end order by n), '[]')
                       from jsonb_array_elements(o.steps) with ordinality as all_steps (s, n))
      where o.organization_id = $1 and o.target_id = $2 and o.state in ${OPEN}
     returning ${COLUMNS}`,
    [organizationId, targetId, JSON.stringify({ code: "cancelled", message: because, retryable: false })],
  );
}
