import { ROUTES } from "@berth/contract";
import { type ApiKeyRow, findApiKey, listApiKeys } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf } from "../http/etag.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { createApiKey } from "./create-api-key.ts";
import { revokeApiKey } from "./revoke-api-key.ts";
import { rotateApiKey } from "./rotate-api-key.ts";
import { updateApiKey } from "./update-api-key.ts";
import { toApiKeyBody, versionOfKey } from "./wire.ts";

/** The organization's API keys. A key's text is shown once, in the answer that makes it, and never stored. */
export function apiKeyRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.createApiKey, async (call) => {
    const key = deps.makeApiKey();
    return once(deps, ROUTES.createApiKey, call, async (tx) => {
      const { principal, body } = call;
      const created = await createApiKey(deps, tx, { principal, body, key, ...actorOf(call) });
      if (!created.ok) return created;
      return ok({
        status: 201,
        headers: headersOf(created.value),
        body: { ...toApiKeyBody(created.value), key: key.text },
      });
    });
  });

  serve(app, ROUTES.listApiKeys, async (call) => {
    const { db, principal, query } = call;
    const list = startList(pageTokens, "listApiKeys", call);
    const page = await listApiKeys(db, {
      organizationId: principal.organizationId,
      memberId: query.member_id,
      state: query.state,
      name: query.name,
      ...list.asked,
    });
    return ok({ status: 200, body: list.toBody(page, toApiKeyBody, (row) => row) });
  });

  serve(app, ROUTES.getApiKey, async ({ db, principal, params }) => {
    const key = await findApiKey(db, principal.organizationId, params.api_key_id);
    if (key === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOf(versionOfKey(key)) }, body: toApiKeyBody(key) });
  });

  serve(app, ROUTES.updateApiKey, async (call) => {
    const { db, principal, params, body, headers } = call;
    const ifMatch = headers["if-match"];
    const request = { principal, keyId: params.api_key_id, ifMatch, body, ...actorOf(call) };
    const updated = await updateApiKey(deps, db, request);
    if (!updated.ok) return updated;
    return ok({
      status: 200,
      headers: { ETag: etagOf(versionOfKey(updated.value)) },
      body: toApiKeyBody(updated.value),
    });
  });

  serve(app, ROUTES.revokeApiKey, async (call) => {
    const { principal, params, headers } = call;
    const { organizationId } = principal;
    const request = { organizationId, keyId: params.api_key_id, ifMatch: headers["if-match"], ...actorOf(call) };
    const revoked = await revokeApiKey(deps, call.db, request);
    if (!revoked.ok) return revoked;
    return ok({
      status: 200,
      headers: { ETag: etagOf(versionOfKey(revoked.value)) },
      body: toApiKeyBody(revoked.value),
    });
  });

  serve(app, ROUTES.rotateApiKey, async (call) => {
    const key = deps.makeApiKey();
    return once(deps, ROUTES.rotateApiKey, call, async (tx) => {
      const { principal, params, body } = call;
      const request = {
        principal,
        keyId: params.api_key_id,
        overlapSeconds: body.overlap_seconds,
        key,
        ...actorOf(call),
      };
      const rotated = await rotateApiKey(deps, tx, request);
      if (!rotated.ok) return rotated;
      const { successor, previous } = rotated.value;
      return ok({
        status: 201,
        headers: headersOf(successor),
        body: { ...toApiKeyBody(successor), key: key.text, previous: toApiKeyBody(previous) },
      });
    });
  });
}

function headersOf(key: ApiKeyRow) {
  return { Location: `/v1/api_keys/${key.id}`, ETag: etagOf(versionOfKey(key)) };
}
