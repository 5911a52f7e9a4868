import {
  type CredentialRow,
  findCredential,
  findOpenOperation,
  lockCluster,
  type OperationRow,
  requestCredentialDeletion,
  type ScopedDatabase,
} from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { operationInTheWay } from "../operations/operation-in-the-way.ts";

interface Deletion {
  readonly credential: CredentialRow;
  readonly operation: OperationRow;
}

/** Accepts that a credential goes; the worker takes it out of the engine. Asked again it gives the deletion that runs. */
export function deleteCredential(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly clusterId: string;
    readonly credentialId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<Deletion, Refusal>> {
  const { organizationId, clusterId, credentialId, ifMatch, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<Deletion, Refusal>> => {
    // Nobody changes a credential but under its cluster's lock.
    const cluster = await lockCluster(tx, organizationId, clusterId);
    const credential = await findCredential(tx, organizationId, clusterId, credentialId);
    if (cluster === undefined || credential === undefined || credential.state === "deleted") return err(NOT_FOUND);
    if (!mayChange(ifMatch, credential.generation)) return changedMeanwhile("credential");
    if (cluster.state === "deleting")
      return refuse("invalid_state", "The cluster is being deleted, and its users with it.");
    if (credential.state === "deleting") {
      const operation = await findOpenOperation(tx, organizationId, clusterId);
      if (operation !== undefined) return ok({ credential, operation });
      return refuse("invalid_state", "The credential is being deleted already.");
    }
    const change = { organizationId, clusterId: cluster.id, id: credential.id, actor, requestId };
    const deletion = await requestCredentialDeletion(tx, deps.ids, change);
    return deletion.ok ? deletion : operationInTheWay(deletion.error);
  });
}
