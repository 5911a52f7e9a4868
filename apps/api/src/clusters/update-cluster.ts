import type { UpdateClusterBody } from "@berth/contract";
import {
  findCluster,
  isUniqueViolation,
  lockCluster,
  type ScopedDatabase,
  updateCluster as storeUpdate,
  type Tx,
  type WholeCluster,
} from "@berth/db";
import { err, MAX_LABELS, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { NOT_FOUND, type Refusal, refuse, refuseField } from "../http/refusal.ts";
import { labelsOf } from "../http/wire.ts";
import { clusterNameTaken } from "./cluster-name-taken.ts";

export const CHANGED_MEANWHILE: Refusal = {
  code: "precondition_failed",
  detail: "Somebody changed the cluster since the version in If-Match. Read it again.",
};

interface UpdateRequest {
  readonly organizationId: OrganizationId;
  readonly clusterId: string;
  readonly ifMatch: string | undefined;
  readonly body: UpdateClusterBody;
  readonly actor: string;
  readonly requestId: string;
}

/**
 * Changes name, labels and deletion protection, as a JSON Merge Patch. A change of nothing is no change: the generation stays.
 *
 * The name is ours alone: the engine and the kube know the cluster by its id.
 */
export async function updateCluster(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: UpdateRequest,
): Promise<Result<WholeCluster, Refusal>> {
  try {
    return await db.transaction((tx) => update(deps, tx, request));
  } catch (error) {
    // Nothing of the transaction is left.
    if (isUniqueViolation(error, "cluster_project_id_name_live_key")) return clusterNameTaken(request.body.name ?? "");
    throw error;
  }
}

async function update(deps: ApiDeps, tx: Tx, request: UpdateRequest): Promise<Result<WholeCluster, Refusal>> {
  const { organizationId, clusterId, ifMatch, body, actor, requestId } = request;
  const cluster = await lockCluster(tx, organizationId, clusterId);
  if (cluster === undefined) return err(NOT_FOUND);
  if (cluster.state === "deleting" || cluster.state === "deleted") {
    return refuse("invalid_state", `The cluster is ${cluster.state}.`);
  }
  if (!mayChange(ifMatch, cluster.generation)) return err(CHANGED_MEANWHILE);
  const labels = body.labels === undefined ? undefined : mergeLabels(labelsOf(cluster.labels), body.labels);
  if (labels !== undefined && Object.keys(labels).length > MAX_LABELS) {
    return refuseField(
      "/labels",
      "too_big",
      `At most ${MAX_LABELS} labels; it would have ${Object.keys(labels).length}.`,
    );
  }
  const { name, deletion_protection: deletionProtection } = body;
  if (name !== undefined || labels !== undefined || deletionProtection !== undefined) {
    const change = { organizationId, id: cluster.id, name, labels, deletionProtection, actor, requestId };
    await storeUpdate(tx, deps.ids, change);
  }
  const whole = await findCluster(tx, organizationId, clusterId);
  return whole === undefined ? err(NOT_FOUND) : ok(whole);
}

/** RFC 7396: null removes. */
function mergeLabels(
  before: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>> | null,
): Record<string, string> {
  if (patch === null) return {};
  const merged = { ...before, ...patch };
  return Object.fromEntries(Object.entries(merged).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}
