import type { UpdateClusterBody } from "@berth/contract";
import {
  findCluster,
  lockCluster,
  type ScopedDatabase,
  updateCluster as storeUpdate,
  type WholeCluster,
} from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";

export const CHANGED_MEANWHILE: Refusal = {
  code: "precondition_failed",
  detail: "Somebody changed the cluster since the version in If-Match. Read it again.",
};

/** Changes labels and deletion protection. A change of nothing is no change: the generation stays. */
export function updateCluster(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly clusterId: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdateClusterBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<WholeCluster, Refusal>> {
  const { organizationId, clusterId, ifMatch, body, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<WholeCluster, Refusal>> => {
    const cluster = await lockCluster(tx, organizationId, clusterId);
    if (cluster === undefined) return err(NOT_FOUND);
    if (cluster.state === "deleting" || cluster.state === "deleted") {
      return refuse("invalid_state", `The cluster is ${cluster.state}.`);
    }
    if (!mayChange(ifMatch, cluster.generation)) return err(CHANGED_MEANWHILE);
    if (body.labels !== undefined || body.deletion_protection !== undefined) {
      await storeUpdate(tx, deps.ids, {
        organizationId,
        id: cluster.id,
        labels: body.labels,
        deletionProtection: body.deletion_protection,
        actor,
        requestId,
      });
    }
    const whole = await findCluster(tx, organizationId, clusterId);
    return whole === undefined ? err(NOT_FOUND) : ok(whole);
  });
}
