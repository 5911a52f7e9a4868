import type { CreateClusterBody } from "@berth/contract";
import {
  findCluster,
  insertCluster,
  listCredentials,
  lockFleetQuota,
  type OperationRow,
  type Tx,
  type WholeCluster,
} from "@berth/db";
import { demandOf, type OrganizationId, ok, type Result } from "@berth/domain";
import type { NewPassword } from "../credentials/new-password.ts";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { admit } from "../quotas/admit.ts";
import { clusterNameTaken } from "./cluster-name-taken.ts";
import { planNewCluster, readGround, UNKNOWN_PROJECT } from "./plan-new-cluster.ts";
import { pointerOfLimit } from "./spec-of-body.ts";

/** Name of the credential that comes with a cluster. */
const FIRST_USERNAME = "admin";

export interface CreatedCluster {
  readonly whole: WholeCluster;
  readonly operation: OperationRow;
  readonly credential: Awaited<ReturnType<typeof listCredentials>>[number];
}

/**
 * Accepts a new cluster: checks the body against what is open, takes it out of the quota under the organization's lock, and
 * stores the rows from which the worker builds it. One transaction, the caller's.
 */
export async function createCluster(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly organizationId: OrganizationId;
    readonly body: CreateClusterBody;
    readonly password: NewPassword;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<CreatedCluster, Refusal>> {
  const { organizationId, body, password, actor, requestId } = request;
  const ground = await readGround(tx, organizationId, body.region, "types");
  const planned = planNewCluster(ground, organizationId, body, body.name, deps.clock.now());
  if (!planned.ok) return planned;
  const { plan, projectId, kube } = planned.value;

  const usage = await lockFleetQuota(tx, organizationId);
  const admitted = admit(usage, demandOf([plan]), (limit) => pointerOfLimit(limit, body));
  if (!admitted.ok) return admitted;

  const id = deps.ids.next("cluster");
  const operation = await insertCluster(tx, deps.ids, {
    id,
    organizationId,
    projectId,
    kubeId: kube.kubeId,
    name: body.name,
    labels: body.labels ?? {},
    deletionProtection: body.deletion_protection ?? false,
    plan,
    credential: {
      id: password.id,
      username: FIRST_USERNAME,
      role: "customer_admin",
      hint: password.hint,
      password: password.sealed,
    },
    actor,
    requestId,
  });
  if (!operation.ok) return operation.error.kind === "name_taken" ? clusterNameTaken(body.name) : UNKNOWN_PROJECT;

  const [whole, [credential]] = await Promise.all([
    findCluster(tx, organizationId, id),
    listCredentials(tx, organizationId, id),
  ]);
  if (whole === undefined || credential === undefined) throw new Error(`${id} was stored a moment ago`);
  return ok({ whole, operation: operation.value, credential });
}
