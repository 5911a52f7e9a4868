import type { CreateClusterBody } from "@berth/contract";
import {
  ClusterNameTaken,
  type InsertedCluster,
  insertCluster,
  listProjects,
  lockFleetQuota,
  type ProjectRow,
  type Tx,
} from "@berth/db";
import { demandOf, type OrganizationId, ok, type Result } from "@berth/domain";
import type { NewPassword } from "../credentials/new-password.ts";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { admit } from "../quotas/admit.ts";
import { clusterNameTaken } from "./cluster-name-taken.ts";
import { type NewClusterPlan, planNewCluster, type RegionGround } from "./plan-new-cluster.ts";
import { pointerOfLimit } from "./spec-of-body.ts";

/** Name of the credential that comes with a cluster. */
const FIRST_USERNAME = "admin";

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
): Promise<Result<InsertedCluster, Refusal>> {
  const { organizationId, body, password, actor, requestId } = request;
  // One round trip, in this order: who deletes a project holds the same lock, so what is read under it stays. What will be
  // refused holds it too, for as long as that takes to see.
  const [usage, projects] = await Promise.all([lockFleetQuota(tx, organizationId), listProjects(tx, organizationId)]);
  const planned = await planOn(deps, tx, { projects, organizationId, body });
  if (!planned.ok) return planned;
  const { plan, projectId, kube } = planned.value;
  const admitted = admit(usage, demandOf([plan]), (limit) => pointerOfLimit(limit, body));
  if (!admitted.ok) return admitted;

  const id = deps.ids.next("cluster");
  const inserting = insertCluster(tx, deps.ids, {
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
  try {
    return ok(await inserting);
  } catch (error) {
    if (error instanceof ClusterNameTaken) return clusterNameTaken(body.name);
    throw error;
  }
}

/** By what is remembered of the region, if it accepts that; nothing is refused without a look. */
async function planOn(
  { regionMemory, clock }: ApiDeps,
  tx: Tx,
  {
    projects,
    organizationId,
    body,
  }: {
    readonly projects: readonly ProjectRow[];
    readonly organizationId: OrganizationId;
    readonly body: CreateClusterBody;
  },
): Promise<Result<NewClusterPlan, Refusal>> {
  const planBy = (region: RegionGround) =>
    planNewCluster({ projects, ...region }, organizationId, body, body.name, clock.now());
  const remembered = regionMemory.recall(body.region);
  const planned = remembered === undefined ? undefined : planBy(remembered);
  return planned?.ok ? planned : planBy(await regionMemory.read(tx, body.region));
}
