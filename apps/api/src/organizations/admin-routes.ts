import { ROUTES } from "@berth/contract";
import { findOrganization, listOrganizations, readQuota, readQuotas } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toInvitationBody } from "../invitations/wire.ts";
import { resumeOrganization, suspendOrganization } from "./change-state.ts";
import { admitCreator, createOrganization } from "./create-organization.ts";
import { updateQuotas } from "./update-quotas.ts";
import { etagOfSeen, type SeenOrganization, toAdminOrganizationBody } from "./wire.ts";

/** Tenants. For operators: whose they are says the path, and each change is a row of the tenant's own audit log. */
export function adminOrganizationRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens, invitationTokens } = deps;

  serve(app, ROUTES.listOrganizations, async (call) => {
    const { db, query } = call;
    const list = startList(pageTokens, "listOrganizations", call);
    const { state, kind, name } = query;
    const page = await listOrganizations(db, { state, kind, name, ...list.asked });
    const usages = await readQuotas(
      db,
      page.rows.map(({ id }) => id),
    );
    const rows = page.rows.flatMap((organization): SeenOrganization[] => {
      const usage = usages.get(organization.id);
      return usage === undefined ? [] : [{ organization, usage }];
    });
    const seen = { rows, more: page.more };
    return ok({ status: 200, body: list.toBody(seen, toAdminOrganizationBody, ({ organization }) => organization) });
  });

  serve(app, ROUTES.createOrganization, async (call) => {
    const { body, principal } = call;
    const admitted = await admitCreator(deps, principal, body.kind);
    if (!admitted.ok) return admitted;
    const token = invitationTokens.make();
    return once(deps, ROUTES.createOrganization, call, async (tx) => {
      const made = await createOrganization(deps, tx, { body, tokenHash: token.hash, ...actorOf(call) });
      const headers = { Location: `/v1/admin/organizations/${made.organization.id}`, ETag: etagOfSeen(made) };
      const invitation = { ...toInvitationBody(made.invitation), token: token.text };
      return ok({ status: 201, headers, body: { ...toAdminOrganizationBody(made), invitation } });
    });
  });

  serve(app, ROUTES.getAnyOrganization, async ({ db, params }) => {
    const organization = await findOrganization(db, params.organization_id);
    if (organization === undefined) return err(NOT_FOUND);
    return ok(answerOf({ organization, usage: await readQuota(db, organization.id) }));
  });

  serve(app, ROUTES.updateQuotas, async (call) => {
    const updated = await updateQuotas(deps, call.db, {
      organizationId: call.params.organization_id,
      ifMatch: call.headers["if-match"],
      body: call.body,
      ...actorOf(call),
    });
    return updated.ok ? ok(answerOf(updated.value)) : updated;
  });

  serve(app, ROUTES.suspendOrganization, (call) =>
    once(deps, ROUTES.suspendOrganization, call, async (tx) => {
      const { organization_id: organizationId } = call.params;
      const { reason } = call.body;
      const suspended = await suspendOrganization(deps, tx, { organizationId, reason, ...actorOf(call) });
      return suspended.ok ? ok(answerOf(suspended.value)) : suspended;
    }),
  );

  serve(app, ROUTES.resumeOrganization, (call) =>
    once(deps, ROUTES.resumeOrganization, call, async (tx) => {
      const { organization_id: organizationId } = call.params;
      const { reason } = call.body;
      const resumed = await resumeOrganization(deps, tx, { organizationId, reason, ...actorOf(call) });
      return resumed.ok ? ok(answerOf(resumed.value)) : resumed;
    }),
  );
}

function answerOf(seen: SeenOrganization) {
  return { status: 200, headers: { ETag: etagOfSeen(seen) }, body: toAdminOrganizationBody(seen) } as const;
}
