import { ROUTES } from "@berth/contract";
import { findAudit, findAuditHead, listAudit } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { auditPageText, auditText } from "./wire.ts";

/** What was changed, by whom: an organization's own chain. Rows go out as the text that was hashed. */
export function auditRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens, headSigner } = deps;

  serve(app, ROUTES.listAuditEvents, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const { organizationId } = principal;
    const scope = ["listAuditEvents", organizationId, filter] as const;
    const from = startOf(pageTokens, scope, page_token);
    const { created_after, created_before } = filter;
    const page = await listAudit(db, {
      organizationId,
      order: filter.order === "created_at" ? "ascending" : "descending",
      actorId: filter.actor,
      action: filter.action,
      targetType: filter.target_type,
      targetId: filter.target_id,
      createdAfter: created_after === undefined ? undefined : new Date(created_after),
      createdBefore: created_before === undefined ? undefined : new Date(created_before),
      beyond: from === undefined ? undefined : BigInt(from),
      limit,
    });
    const body = toPageBody(
      pageTokens,
      scope,
      page,
      (row) => row,
      ({ number }) => String(number),
    );
    return ok({ status: 200, headers: {}, text: auditPageText(body.data, body.next_page_token) });
  });

  serve(app, ROUTES.getAuditHead, async ({ db, principal }) => {
    const { organizationId } = principal;
    const { number, hash } = await findAuditHead(db, organizationId);
    const signed_at = deps.clock.now().toISOString();
    const head = { organization_id: organizationId, number: Number(number), hash, signed_at };
    const { publicKey } = headSigner;
    return ok({
      status: 200,
      // Not of the time at which it was signed: a chain that has not grown is unchanged.
      headers: { ETag: `"${number}.${publicKey}"` },
      body: { ...head, public_key: publicKey, signature: headSigner.sign(head) },
    });
  });

  serve(app, ROUTES.getAuditEvent, async ({ db, principal, params }) => {
    const row = await findAudit(db, principal.organizationId, params.audit_event_id);
    return row === undefined ? err(NOT_FOUND) : ok({ status: 200, headers: {}, text: auditText(row) });
  });
}
