import { type ClusterId, err, type IdSource, type OrganizationId, type Result } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { appendEvent } from "./events.ts";
import {
  cancelOpenOperations,
  findOpenOperation,
  insertOperation,
  type OperationInProgress,
  type OperationRow,
} from "./operations.ts";
import type { Tx } from "./sql.ts";

interface ClusterChange extends Actor {
  readonly organizationId: OrganizationId;
  readonly id: ClusterId;
}

/**
 * Sets name, labels or deletion protection of a cluster that `lockCluster` gave; the worker brings labels to the live objects.
 *
 * Throws a violation of `cluster_project_id_name_live_key` when a live cluster of the project has the name.
 */
export async function updateCluster(
  tx: Tx,
  ids: IdSource,
  change: ClusterChange & {
    readonly name?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly deletionProtection?: boolean | undefined;
  },
): Promise<void> {
  const { organizationId, id, name, labels, deletionProtection, actor, requestId } = change;
  const [before] = await tx.query<{ name: string; labels: unknown; deletionProtection: boolean }>(
    `with before as (select name, labels, deletion_protection from cluster where organization_id = $1 and id = $2)
     update cluster set name = coalesce($5, cluster.name), labels = coalesce($3::jsonb, cluster.labels),
            deletion_protection = coalesce($4::boolean, cluster.deletion_protection),
            generation = generation + 1, next_check_at = now(), wakes = wakes + 1
       from before where organization_id = $1 and id = $2
     returning before.name, before.labels, before.deletion_protection as "deletionProtection"`,
    [
      organizationId,
      id,
      labels === undefined ? null : JSON.stringify(labels),
      deletionProtection ?? null,
      name ?? null,
    ],
  );
  const facts = {
    ...(name === undefined ? {} : { name }),
    ...(labels === undefined ? {} : { labels }),
    ...(deletionProtection === undefined ? {} : { deletionProtection }),
  };
  const target = { organizationId, targetType: "cluster", targetId: id } as const;
  await appendAudit(tx, ids, {
    ...target,
    actor,
    requestId,
    action: "cluster.update",
    data: { before, after: { ...before, ...facts } },
  });
  await appendEvent(tx, ids, { ...target, type: "cluster.updated", data: facts });
}

/**
 * Turns a cluster that `lockCluster` gave towards its end: whatever else runs on it is cancelled, and the deletion's operation
 * is the one from here on. Volumes are kept for `graceMs`; 0 is a purge.
 */
export async function requestDeletion(
  tx: Tx,
  ids: IdSource,
  change: ClusterChange & { readonly graceMs: number },
): Promise<OperationRow> {
  const { organizationId, id, graceMs, actor, requestId } = change;
  const cancelled = await cancelOpenOperations(tx, organizationId, id, "The cluster is being deleted.");
  const [cluster] = await tx.query<{ generation: number; purgeAt: Date }>(
    `update cluster set state = 'deleting', generation = generation + 1, delete_requested_at = now(),
            purge_at = now() + $3::float8 * interval '1 millisecond', next_check_at = now(), wakes = wakes + 1
      where organization_id = $1 and id = $2 and state not in ('deleting', 'deleted')
     returning generation, purge_at as "purgeAt"`,
    [organizationId, id, graceMs],
  );
  if (cluster === undefined) throw new Error(`${id} is being deleted already`);
  const operation = await insertOperation(tx, {
    id: ids.next("operation"),
    organizationId,
    kind: "cluster.delete",
    targetId: id,
    generation: cluster.generation,
    actor,
    requestId,
  });
  if (!operation.ok) throw new Error("whatever ran was cancelled");
  const target = { organizationId, targetType: "cluster", targetId: id } as const;
  const facts = { purgeAt: cluster.purgeAt.toISOString() };
  await appendAudit(tx, ids, {
    ...target,
    actor,
    requestId,
    action: "cluster.delete",
    outcome: "accepted",
    data: facts,
  });
  for (const one of cancelled) {
    await appendEvent(tx, ids, { ...target, type: `${one.kind}.cancelled`, operationId: one.id });
  }
  await appendEvent(tx, ids, {
    ...target,
    type: "cluster.delete.started",
    operationId: operation.value.id,
    data: facts,
  });
  return operation.value;
}

/** The grace period is over: volumes go, or are gone. */
export interface PurgeBegun {
  readonly kind: "purge_begun";
}

/**
 * Takes back the deletion of a cluster that `lockCluster` gave, in its grace period and once it has stopped: the worker brings
 * it up on the volumes that were kept.
 *
 * Whether it or the purge was first is decided on the cluster's row: each is one statement that refuses after the other. A
 * refusal is for the caller to throw, so that nothing of the transaction stays.
 */
export async function requestRestore(
  tx: Tx,
  ids: IdSource,
  change: ClusterChange,
): Promise<Result<OperationRow, PurgeBegun | OperationInProgress>> {
  const { organizationId, id, actor, requestId } = change;
  const [cluster] = await tx.query<{ generation: number; purgeAt: Date }>(
    `with before as (select purge_at from cluster where organization_id = $1 and id = $2)
     update cluster set state = 'updating', generation = generation + 1, delete_requested_at = null, purge_at = null,
            next_check_at = now(), wakes = wakes + 1
       from before where organization_id = $1 and id = $2 and state = 'deleting' and purge_started_at is null
        and cluster.purge_at > clock_timestamp()
     returning generation, before.purge_at as "purgeAt"`,
    [organizationId, id],
  );
  if (cluster === undefined) return err({ kind: "purge_begun" });
  const operation = await insertOperation(tx, {
    id: ids.next("operation"),
    organizationId,
    kind: "cluster.restore",
    targetId: id,
    generation: cluster.generation,
    actor,
    requestId,
  });
  if (!operation.ok) return operation;
  const target = { organizationId, targetType: "cluster", targetId: id } as const;
  await appendAudit(tx, ids, {
    ...target,
    actor,
    requestId,
    action: "cluster.restore",
    outcome: "accepted",
    data: { before: { purgeAt: cluster.purgeAt.toISOString() }, after: { purgeAt: null } },
  });
  await appendEvent(tx, ids, { ...target, type: "cluster.restore.started", operationId: operation.value.id });
  return operation;
}

/**
 * Ends the grace period of a cluster that is being deleted: its volumes go now. The deletion's operation ended when the grace
 * period began to run alone; then the purge has one of its own.
 */
export async function hastenPurge(tx: Tx, ids: IdSource, change: ClusterChange): Promise<void> {
  const { organizationId, id, actor, requestId } = change;
  const [hastened] = await tx.query<{ generation: number }>(
    `update cluster set purge_at = now(), generation = generation + 1, next_check_at = now(), wakes = wakes + 1
      where organization_id = $1 and id = $2 and state = 'deleting' and purge_at > now() returning generation`,
    [organizationId, id],
  );
  if (hastened === undefined) return; // Over already.
  const target = { organizationId, targetType: "cluster", targetId: id } as const;
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "cluster.purge" });
  await appendEvent(tx, ids, { ...target, type: "cluster.purge.requested" });
  if ((await findOpenOperation(tx, organizationId, id)) !== undefined) return;
  const { generation } = hastened;
  const operation = await insertOperation(tx, {
    id: ids.next("operation"),
    organizationId,
    kind: "cluster.delete",
    targetId: id,
    generation,
    actor,
    requestId,
  });
  if (!operation.ok) throw new Error("none is open");
  await appendEvent(tx, ids, { ...target, type: "cluster.delete.started", operationId: operation.value.id });
}
