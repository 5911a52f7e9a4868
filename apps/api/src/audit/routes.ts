import { createHash } from "node:crypto";
import { ROUTES } from "@berth/contract";
import { type AuditRow, findAudit, findAuditHead, listAudit, listAuditOfAll, type Page } from "@berth/db";
import { err, type OrganizationId, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { orderOf } from "../http/list.ts";
import { type ListScope, startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve, serveFile } from "../http/serve.ts";
import { exportAudit } from "./export-audit.ts";
import { auditPageText, auditText, filterOf } from "./wire.ts";

/** What was changed, by whom: an organization's own chain, and all of them for operators. Rows go out as the text that was hashed. */
export function auditRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens, headSigner } = deps;
  const pageAnswer = (scope: ListScope, page: Page<AuditRow>, keyOf: (row: AuditRow) => string) => {
    const body = toPageBody(pageTokens, scope, page, (row) => row, keyOf);
    return { status: 200, headers: {}, text: auditPageText(body.data, body.next_page_token) };
  };

  serve(app, ROUTES.listAuditEvents, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const { organizationId } = principal;
    const scope = ["listAuditEvents", organizationId, filter] as const;
    const from = startOf(pageTokens, scope, page_token);
    const beyond = from === undefined ? undefined : BigInt(from);
    const page = await listAudit(db, { organizationId, ...filterOf(filter), order: orderOf(filter), beyond, limit });
    return ok(pageAnswer(scope, page, ({ number }) => String(number)));
  });

  serve(app, ROUTES.listAuditEventsOfAll, async ({ db, principal, query }) => {
    const { limit, page_token, organization_id, ...filter } = query;
    const scope = ["listAuditEventsOfAll", principal.organizationId, { organization_id, ...filter }] as const;
    const from = startOf(pageTokens, scope, page_token);
    const asked = { ...filterOf(filter), order: orderOf(filter), limit };
    if (organization_id === undefined) {
      const page = await listAuditOfAll(db, { ...asked, beyond: from });
      return ok(pageAnswer(scope, page, ({ id }) => id));
    }
    const organizationId = organization_id as OrganizationId;
    const beyond = from === undefined ? undefined : BigInt(from);
    const page = await listAudit(db, { ...asked, organizationId, beyond });
    return ok(pageAnswer(scope, page, ({ number }) => String(number)));
  });

  serveFile(app, ROUTES.exportAuditEvents, async ({ db, principal, query }) => {
    const { format, ...filter } = query;
    const { organizationId } = principal;
    const head = await findAuditHead(db, organizationId);
    // Rows stay as they are, so the end and the filter say what the whole file is.
    const version = JSON.stringify([organizationId, head.hash, format, filter]);
    return ok({
      etag: `"${createHash("sha256").update(version).digest("base64url")}"`,
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
      // Not of the time at which it was signed: a chain that has not grown is unchanged. One written anew is not.
      headers: { ETag: `"${hash}.${publicKey}"` },
      body: { ...head, public_key: publicKey, signature: headSigner.sign(head) },
    });
  });

  serve(app, ROUTES.getAuditEvent, async ({ db, principal, params }) => {
    const row = await findAudit(db, principal.organizationId, params.audit_event_id);
    return row === undefined ? err(NOT_FOUND) : ok({ status: 200, headers: {}, text: auditText(row) });
  });
}
