import { ROUTES } from "@berth/contract";
import { findMember, listMembers } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf, versionOf } from "../http/etag.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND, refuse } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { removeMember } from "./remove-member.ts";
import { updateMember } from "./update-member.ts";
import { toMemberBody } from "./wire.ts";

/** The people of an organization. They come by invitation. */
export function memberRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listMembers, async (call) => {
    const list = startList(pageTokens, "listMembers", call);
    const { organizationId } = call.principal;
    const { role, email } = call.query;
    const page = await listMembers(call.db, { organizationId, role, email, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toMemberBody, (row) => row) });
  });

  serve(app, ROUTES.getMember, async ({ db, principal, params }) => {
    const member = await findMember(db, principal.organizationId, params.member_id);
    if (member === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOf(versionOf(member)) }, body: toMemberBody(member) });
  });

  serve(app, ROUTES.updateMember, async (call) => {
    const updated = await updateMember(deps, call.db, {
      principal: call.principal,
      memberId: call.params.member_id,
      ifMatch: call.headers["if-match"],
      body: call.body,
      ...actorOf(call),
    });
    if (!updated.ok) return updated;
    return ok({ status: 200, headers: { ETag: etagOf(versionOf(updated.value)) }, body: toMemberBody(updated.value) });
  });

  serve(app, ROUTES.removeMember, async (call) => {
    const removed = await removeMember(deps, call.db, {
      principal: call.principal,
      memberId: call.params.member_id,
      ifMatch: call.headers["if-match"],
      ...actorOf(call),
    });
    return removed.ok ? ok({ status: 204, body: undefined }) : removed;
  });

  serve(app, ROUTES.leaveOrganization, async (call) => {
    const { principal } = call;
    if (principal.member === undefined) return refuse("invalid_state", "The API key is the organization's own.");
    const memberId = principal.member.id;
    const left = await removeMember(deps, call.db, { principal, memberId, ifMatch: undefined, ...actorOf(call) });
    if (left.ok) return ok({ status: 204, body: undefined });
    // Gone already, by somebody else's hand and some moments ago: the key says as much from now on.
    return left.error.code === "not_found" ? refuse("invalid_credentials", "The API key's member has left.") : left;
  });
}
