import { type ClusterRow, findCluster, lockCluster, requestRestore, type Tx, type WholeCluster } from "@berth/db";
import { err, type OperationId, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { operationInTheWay } from "../operations/operation-in-the-way.ts";
import { CHANGED_MEANWHILE } from "./update-cluster.ts";

/**
 * Takes back the deletion of a cluster whose volumes are still kept. One transaction, the caller's.
 *
 * Name, quotas and spend cap need no look: a cluster that is being deleted has kept its part of them. What became of its
 * volumes nobody here knows; where one is gone, the worker says so (`data_lost`) and makes nothing in its place.
 */
export async function restoreCluster(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly organizationId: OrganizationId;
    readonly clusterId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<{ readonly whole: WholeCluster; readonly operationId: OperationId }, Refusal>> {
  const { organizationId, clusterId, ifMatch, actor, requestId } = request;
  const cluster = await lockCluster(tx, organizationId, clusterId);
  if (cluster === undefined) return err(NOT_FOUND);
  if (!mayChange(ifMatch, cluster.generation)) return err(CHANGED_MEANWHILE);
  if (cluster.state !== "deleting") return refuse("invalid_state", whyNot(cluster));

  const operation = await requestRestore(tx, deps.ids, { organizationId, id: cluster.id, actor, requestId });
  if (!operation.ok) {
    return operation.error.kind === "operation_in_progress"
      ? operationInTheWay(operation.error)
      : refuse("invalid_state", "The grace period is over: the cluster's data is being removed.");
  }
  const whole = await findCluster(tx, organizationId, clusterId);
  return whole === undefined ? err(NOT_FOUND) : ok({ whole, operationId: operation.value.id });
}

function whyNot({ state }: ClusterRow): string {
  return state === "deleted"
    ? "The cluster's data was removed: there is nothing to restore."
    : `The cluster is not deleted: it is ${state}.`;
}
