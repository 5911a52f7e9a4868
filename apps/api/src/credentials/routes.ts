import { ROUTES } from "@berth/contract";
import { findCluster, findCredential, listCredentials } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { operationHeaders } from "../http/operation-headers.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { referenceTo } from "../operations/wire.ts";
import { createCredential } from "./create-credential.ts";
import { deleteCredential } from "./delete-credential.ts";
import { newPassword } from "./new-password.ts";
import { etagOfCredential, toCredentialBody } from "./wire.ts";

/** Users of a cluster's engine. Passwords are shown once, in the answer that makes them. */
export function credentialRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.listCredentials, async ({ db, principal, params }) => {
    const { organizationId } = principal;
    if ((await findCluster(db, organizationId, params.cluster_id)) === undefined) return err(NOT_FOUND);
    const rows = await listCredentials(db, organizationId, params.cluster_id);
    return ok({ status: 200, body: { data: rows.map(toCredentialBody) } });
  });

  serve(app, ROUTES.getCredential, async ({ db, principal, params }) => {
    const credential = await findCredential(db, principal.organizationId, params.cluster_id, params.credential_id);
    if (credential === undefined || credential.state === "deleted") return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOfCredential(credential) }, body: toCredentialBody(credential) });
  });

  serve(app, ROUTES.createCredential, async (call) => {
    const { organizationId } = call.principal;
    const clusterId = call.params.cluster_id;
    const password = await newPassword(deps, organizationId);
    return once(deps, ROUTES.createCredential, call, async (tx) => {
      const request = { organizationId, clusterId, body: call.body, password, ...actorOf(call) };
      const created = await createCredential(deps, tx, request);
      if (!created.ok) return created;
      const { credential, operation } = created.value;
      return ok({
        status: 202,
        headers: {
          ...operationHeaders(`/v1/clusters/${clusterId}/credentials/${credential.id}`, operation.id),
          ETag: etagOfCredential(credential),
        },
        body: {
          ...toCredentialBody(credential),
          password: password.text,
          current_operation: referenceTo(operation),
        },
      });
    });
  });

  serve(app, ROUTES.deleteCredential, async (call) => {
    const deletion = await deleteCredential(deps, call.db, {
      organizationId: call.principal.organizationId,
      clusterId: call.params.cluster_id,
      credentialId: call.params.credential_id,
      ifMatch: call.headers["if-match"],
      ...actorOf(call),
    });
    if (!deletion.ok) return deletion;
    const { credential, operation } = deletion.value;
    const { Location: _, ...headers } = operationHeaders("", operation.id);
    return ok({
      status: 202,
      headers: { ...headers, ETag: etagOfCredential(credential) },
      body: { ...toCredentialBody(credential), current_operation: referenceTo(operation) },
    });
  });
}
