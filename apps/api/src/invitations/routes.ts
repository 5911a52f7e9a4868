import { ROUTES } from "@berth/contract";
import { findInvitation, findInvitationByToken, listInvitations, tenantDatabase } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { keyOf, once, onceWithin } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { iso } from "../http/wire.ts";
import { toMemberBody } from "../members/wire.ts";
import { acceptInvitation, INVALID_INVITATION } from "./accept-invitation.ts";
import { createInvitation } from "./create-invitation.ts";
import { resendInvitation } from "./resend-invitation.ts";
import { revokeInvitation } from "./revoke-invitation.ts";
import { etagOfInvitation, toInvitationBody } from "./wire.ts";

/** Offers to join. Tokens are shown once, in the answers that make them; how they get to the person is the caller's affair. */
export function invitationRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens, invitationTokens } = deps;

  serve(app, ROUTES.createInvitation, async (call) => {
    const { principal, body } = call;
    const token = invitationTokens.make();
    return once(deps, ROUTES.createInvitation, call, async (tx) => {
      const request = { principal, body, tokenHash: token.hash, ...actorOf(call) };
      const invitation = await createInvitation(deps, tx, request);
      if (!invitation.ok) return invitation;
      const path = `/v1/organizations/${principal.organizationId}/invitations/${invitation.value.id}`;
      const answer = { ...toInvitationBody(invitation.value), token: token.text };
      return ok({ status: 201, headers: { Location: path, ETag: etagOfInvitation(invitation.value) }, body: answer });
    });
  });

  serve(app, ROUTES.listInvitations, async (call) => {
    const list = startList(pageTokens, "listInvitations", call);
    const { organizationId } = call.principal;
    const { state, email } = call.query;
    const page = await listInvitations(call.db, { organizationId, state, email, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toInvitationBody, (row) => row) });
  });

  serve(app, ROUTES.getInvitation, async ({ db, principal, params }) => {
    const invitation = await findInvitation(db, principal.organizationId, params.invitation_id);
    if (invitation === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOfInvitation(invitation) }, body: toInvitationBody(invitation) });
  });

  serve(app, ROUTES.revokeInvitation, async (call) => {
    const { principal, params, headers } = call;
    const ifMatch = headers["if-match"];
    const request = { principal, invitationId: params.invitation_id, ifMatch, ...actorOf(call) };
    const revoked = await revokeInvitation(deps, call.db, request);
    return revoked.ok ? ok({ status: 204, body: undefined }) : revoked;
  });

  serve(app, ROUTES.resendInvitation, async (call) => {
    const { principal, params } = call;
    const token = invitationTokens.make();
    return once(deps, ROUTES.resendInvitation, call, async (tx) => {
      const request = { principal, invitationId: params.invitation_id, tokenHash: token.hash, ...actorOf(call) };
      const renewed = await resendInvitation(deps, tx, request);
      if (!renewed.ok) return renewed;
      const headers = { ETag: etagOfInvitation(renewed.value) };
      return ok({ status: 200, headers, body: { ...toInvitationBody(renewed.value), token: token.text } });
    });
  });

  /**
   * Nobody is known before the token is: its hash names the organization, and everything after that is done as that tenant.
   * The outcome for the Idempotency-Key is kept with the invitation, so that a retry whose first answer was lost gets the key,
   * and nobody's keys of two invitations, or of an organization and an invitation of its, can meet.
   */
  serve(app, ROUTES.acceptInvitation, async (call) => {
    // Asked first, so that its absence says nothing of the token.
    const idempotencyKey = keyOf(call.idempotencyKey);
    if (!idempotencyKey.ok) return idempotencyKey;
    const hash = invitationTokens.hashOf(call.body.token);
    const found = hash === undefined ? undefined : await findInvitationByToken(deps.databases.tenants, hash);
    if (found === undefined) return INVALID_INVITATION;
    const { organizationId } = found;
    const reach = { organizationId, projectIds: [], clusterIds: [] };
    const db = call.onRecord(tenantDatabase(deps.databases.tenants, reach));
    const place = { db, organizationId, space: found.id };
    const key = deps.makeApiKey();
    return onceWithin(deps, ROUTES.acceptInvitation, call, place, async (tx) => {
      const accepted = await acceptInvitation(deps, tx, {
        found,
        name: call.body.name,
        key,
        requestId: call.requestId,
      });
      if (!accepted.ok) return accepted;
      const { organization, member, apiKey } = accepted.value;
      return ok({
        status: 201,
        body: {
          organization: { id: organization.id, name: organization.name },
          member: toMemberBody(member),
          api_key: {
            id: apiKey.id,
            name: apiKey.name,
            scopes: [...apiKey.scopes],
            expires_at: iso(apiKey.expiresAt),
            key: key.text,
          },
        },
      });
    });
  });
}
