import {
  type ClusterId,
  type CredentialId,
  err,
  type IdSource,
  type OrganizationId,
  ok,
  type Result,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { appendEvent } from "./events.ts";
import { insertOperation, type OperationInProgress, type OperationRow } from "./operations.ts";
import { type SealedSecret, storeSecret } from "./secrets.ts";
import { columns, type Sql, type Tx } from "./sql.ts";

export type StoredCredentialRole = "customer_admin" | "customer_read";

export interface CredentialRow {
  readonly id: CredentialId;
  readonly organizationId: OrganizationId;
  readonly clusterId: ClusterId;
  readonly username: string;
  readonly role: StoredCredentialRole;
  readonly hint: string;
  readonly state: "pending" | "active" | "deleting" | "deleted";
  readonly generation: number;
  readonly createdAt: Date;
}

const COLUMNS = columns<CredentialRow>("d", [
  "id",
  "organizationId",
  "clusterId",
  "username",
  "role",
  "hint",
  "state",
  "generation",
  "createdAt",
]);

/** All of a cluster but deleted ones, oldest first. */
export function listCredentials(sql: Sql, organizationId: OrganizationId, clusterId: string): Promise<CredentialRow[]> {
  return sql.query<CredentialRow>(
    `select ${COLUMNS} from credential d
      where d.organization_id = $1 and d.cluster_id = $2 and d.state <> 'deleted' order by d.id`,
    [organizationId, clusterId],
  );
}

export async function findCredential(
  sql: Sql,
  organizationId: OrganizationId,
  clusterId: string,
  id: string,
): Promise<CredentialRow | undefined> {
  const [row] = await sql.query<CredentialRow>(
    `select ${COLUMNS} from credential d where d.organization_id = $1 and d.cluster_id = $2 and d.id = $3`,
    [organizationId, clusterId, id],
  );
  return row;
}

interface CredentialChange extends Actor {
  readonly organizationId: OrganizationId;
  readonly clusterId: ClusterId;
  readonly id: CredentialId;
}

/** Adds a credential to a cluster that `lockCluster` gave; the worker takes it to the engine. */
export async function insertCredential(
  tx: Tx,
  ids: IdSource,
  credential: CredentialChange & {
    readonly username: string;
    readonly role: StoredCredentialRole;
    readonly hint: string;
    /** Sealed as `credential/<id>`, `password`. */
    readonly password: SealedSecret;
  },
): Promise<
  Result<
    { readonly credential: CredentialRow; readonly operation: OperationRow },
    OperationInProgress | { readonly kind: "name_taken" }
  >
> {
  const { organizationId, clusterId, id, username, role, hint } = credential;
  const operation = await startCredentialOperation(tx, ids, credential, "credential.create");
  if (!operation.ok) return operation;
  const [row] = await tx.query<CredentialRow>(
    `insert into credential as d (id, organization_id, cluster_id, username, role, hint) values ($1, $2, $3, $4, $5, $6)
     on conflict (cluster_id, username) where state <> 'deleted' do nothing returning ${COLUMNS}`,
    [id, organizationId, clusterId, username, role, hint],
  );
  if (row === undefined) return err({ kind: "name_taken" });
  await storeSecret(tx, credential.password);
  await announce(tx, ids, credential, operation.value, { username, role });
  return ok({ credential: row, operation: operation.value });
}

/** Marks a credential of a cluster that `lockCluster` gave for removal; the worker takes it out of the engine. */
export async function requestCredentialDeletion(
  tx: Tx,
  ids: IdSource,
  change: CredentialChange,
): Promise<Result<{ readonly credential: CredentialRow; readonly operation: OperationRow }, OperationInProgress>> {
  const operation = await startCredentialOperation(tx, ids, change, "credential.delete");
  if (!operation.ok) return operation;
  const [row] = await tx.query<CredentialRow>(
    `update credential d set state = 'deleting', generation = d.generation + 1
      where d.organization_id = $1 and d.cluster_id = $2 and d.id = $3 and d.state in ('pending', 'active')
     returning ${COLUMNS}`,
    [change.organizationId, change.clusterId, change.id],
  );
  if (row === undefined) throw new Error(`credential ${change.id} cannot be deleted in its state`);
  await announce(tx, ids, change, operation.value, { username: row.username });
  return ok({ credential: row, operation: operation.value });
}

/** The operation is the cluster's: one change to it at a time, whatever it is about. */
async function startCredentialOperation(
  tx: Tx,
  ids: IdSource,
  change: CredentialChange,
  kind: "credential.create" | "credential.delete",
): Promise<Result<OperationRow, OperationInProgress>> {
  const { organizationId, clusterId, actor, requestId } = change;
  const [cluster] = await tx.query<{ generation: number }>(
    `update cluster set generation = generation + 1, next_check_at = now(), wakes = wakes + 1
      where organization_id = $1 and id = $2 returning generation`,
    [organizationId, clusterId],
  );
  if (cluster === undefined) throw new Error(`${clusterId} is missing`);
  const id = ids.next("operation");
  return insertOperation(tx, {
    id,
    organizationId,
    kind,
    targetId: clusterId,
    generation: cluster.generation,
    actor,
    requestId,
  });
}

async function announce(
  tx: Tx,
  ids: IdSource,
  change: CredentialChange,
  operation: OperationRow,
  data: object,
): Promise<void> {
  const { organizationId, id, actor, requestId } = change;
  const target = { organizationId, targetType: "credential", targetId: id } as const;
  await appendAudit(tx, ids, { ...target, actor, requestId, action: operation.kind, outcome: "accepted", data });
  await appendEvent(tx, ids, { ...target, type: `${operation.kind}.started`, operationId: operation.id, data });
}
