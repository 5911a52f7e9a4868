import {
  type ClusterRow,
  findCluster,
  findLastOperation,
  hastenPurge,
  lockCluster,
  requestDeletion,
  type ScopedDatabase,
  type Tx,
  type WholeCluster,
} from "@berth/db";
import { err, type OperationId, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { CHANGED_MEANWHILE } from "./update-cluster.ts";

export interface DeleteRequest {
  readonly organizationId: OrganizationId;
  readonly clusterId: string;
  readonly ifMatch: string | undefined;
  readonly purge: boolean;
  readonly confirm: string | undefined;
  readonly actor: string;
  readonly requestId: string;
}

/**
 * Accepts a deletion. It is stronger than anything else that runs on the cluster: a create that is stuck is ended by it.
 *
 * Asked again it gives the deletion that runs, or the one that ended and left the volumes for the grace period; with `purge`
 * that period is over. A purge has no way back, so the name must be repeated.
 */
export function deleteCluster(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: DeleteRequest,
): Promise<Result<{ readonly whole: WholeCluster; readonly operationId: OperationId }, Refusal>> {
  const { organizationId, clusterId } = request;
  return db.transaction(async (tx) => {
    const cluster = await lockCluster(tx, organizationId, clusterId);
    if (cluster === undefined) return err(NOT_FOUND);
    const refusal = refusalOf(cluster, request);
    if (refusal !== undefined) return refusal;

    const operationId = await startDeletion(deps, tx, cluster, request);
    const whole = await findCluster(tx, organizationId, clusterId);
    return whole === undefined ? err(NOT_FOUND) : ok({ whole, operationId });
  });
}

function refusalOf(cluster: ClusterRow, request: DeleteRequest) {
  if (cluster.state === "deleted") return refuse("invalid_state", "The cluster is deleted already.");
  if (!mayChange(request.ifMatch, cluster.generation)) return err(CHANGED_MEANWHILE);
  if (cluster.deletionProtection) {
    return refuse("deletion_protected", "Set deletion_protection to false first.");
  }
  if (request.purge && request.confirm !== cluster.name) {
    const detail = "A purge removes all data for good: repeat the cluster's name in `confirm`.";
    return refuse("validation_failed", detail, {
      errors: [{ pointer: "?confirm", code: "confirmation_mismatch", detail }],
    });
  }
  return undefined;
}

async function startDeletion(
  deps: ApiDeps,
  tx: Tx,
  cluster: ClusterRow,
  { organizationId, purge, actor, requestId }: DeleteRequest,
): Promise<OperationId> {
  const change = { organizationId, id: cluster.id, actor, requestId };
  if (cluster.state !== "deleting") {
    const graceMs = purge ? 0 : deps.settings.volumeGraceMs;
    return (await requestDeletion(tx, deps.ids, { ...change, graceMs })).id;
  }
  if (purge) await hastenPurge(tx, deps.ids, change);
  const operation = await findLastOperation(tx, organizationId, cluster.id, "cluster.delete");
  if (operation === undefined) throw new Error(`${cluster.id} is being deleted without an operation`);
  return operation.id;
}
