import { ROUTES } from "@berth/contract";
import { findApiKey, listApiKeys } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf } from "../http/etag.ts";
import { once } from "../http/idempotency.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { createApiKey } from "./create-api-key.ts";
import { toApiKeyBody, versionOf } from "./wire.ts";

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
        headers: { Location: `/v1/api_keys/${created.value.id}` },
        body: { ...toApiKeyBody(created.value), key: key.text },
      });
    });
  });

  serve(app, ROUTES.listApiKeys, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const { organizationId } = principal;
    const scope = ["listApiKeys", organizationId, filter] as const;
    const page = await listApiKeys(db, {
      organizationId,
      memberId: filter.member_id,
      state: filter.state,
      name: filter.name,
      before: startOf(pageTokens, scope, page_token),
      limit,
    });
    return ok({ status: 200, body: toPageBody(pageTokens, scope, page, toApiKeyBody, ({ id }) => id) });
  });

  serve(app, ROUTES.getApiKey, async ({ db, principal, params }) => {
    const key = await findApiKey(db, principal.organizationId, params.key_id);
    if (key === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOf(versionOf(key)) }, body: toApiKeyBody(key) });
  });
}
