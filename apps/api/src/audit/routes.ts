import { createHash } from "node:crypto";
import { ROUTES } from "@berth/contract";
import { findAudit, findAuditHead, listAudit } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve, serveFile } from "../http/serve.ts";
import { exportAudit } from "./export-audit.ts";
import { auditPageText, auditText, filterOf } from "./wire.ts";

/** What was changed, by whom: an organization's own chain. Rows go out as the text that was hashed. */
export function auditRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens, headSigner } = deps;

  serve(app, ROUTES.listAuditEvents, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const { organizationId } = principal;
    const scope = ["listAuditEvents", organizationId, filter] as const;
    const from = startOf(pageTokens, scope, page_token);
    const page = await listAudit(db, {
      organizationId,
      order: filter.order === "created_at" ? "ascending" : "descending",
      ...filterOf(filter),
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

  serveFile(app, ROUTES.exportAuditEvents, async ({ db, principal, query }) => {
    const { format, ...filter } = query;
    const { organizationId } = principal;
    const head = await findAuditHead(db, organizationId);
    // Rows stay as they are, so the end and the filter say what the whole file is.
    const version = createHash("sha256")
      .update(JSON.stringify([head.hash, format, filter]))
      .digest("base64url");
    return ok({
      etag: `"${version}"`,
      name: `audit-${organizationId}-${head.number}.${format}`,
      pieces: exportAudit(db, { organizationId, ...filterOf(filter), upTo: head.number }, format),
    });
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
