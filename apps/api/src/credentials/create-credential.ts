import type { CreateCredentialBody } from "@berth/contract";
import {
  type CredentialRow,
  insertCredential,
  listCredentials,
  lockCluster,
  type OperationRow,
  type Tx,
} from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { randomBase62 } from "../http/api-key.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { operationInTheWay } from "../operations/operation-in-the-way.ts";
import type { NewPassword } from "./new-password.ts";
import { storedRole } from "./wire.ts";

/** Each is a user in the engine, whose realm is not made for thousands. */
const MAX_CREDENTIALS = 100;

/** Accepts a new credential; the worker takes it to the engine. One transaction, the caller's. */
export async function createCredential(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly organizationId: OrganizationId;
    readonly clusterId: string;
    readonly body: CreateCredentialBody;
    readonly password: NewPassword;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<{ readonly credential: CredentialRow; readonly operation: OperationRow }, Refusal>> {
  const { organizationId, clusterId, body, password, actor, requestId } = request;
  const cluster = await lockCluster(tx, organizationId, clusterId);
  if (cluster === undefined) return err(NOT_FOUND);
  if (cluster.state === "deleting" || cluster.state === "deleted") {
    return refuse("invalid_state", `The cluster is ${cluster.state}.`);
  }
  const used = (await listCredentials(tx, organizationId, clusterId)).length;
  if (used >= MAX_CREDENTIALS) {
    return refuse("quota_exceeded", `A cluster may have ${MAX_CREDENTIALS} credentials.`, {
      extra: { quota: "credentials", limit: MAX_CREDENTIALS, used, requested: 1 },
    });
  }
  const created = await insertCredential(tx, deps.ids, {
    organizationId,
    clusterId: cluster.id,
    id: password.id,
    username: body.username ?? `user-${randomBase62(8).toLowerCase()}`,
    role: storedRole(body.role ?? "admin"),
    hint: password.hint,
    password: password.sealed,
    actor,
    requestId,
  });
  if (created.ok) return ok(created.value);
  if (created.error.kind === "operation_in_progress") return operationInTheWay(created.error);
  const detail = `The cluster has a credential named ${body.username} already.`;
  return refuse("name_taken", detail, { errors: [{ pointer: "/username", code: "name_taken", detail }] });
}
