import type { CreateOrganizationBody } from "@berth/contract";
import {
  appendAudit,
  DEFAULT_LIMITS,
  type InvitationRow,
  insertInvitation,
  insertOrganization,
  insertProject,
  readQuota,
  type Tx,
} from "@berth/db";
import { type OrganizationKind, ok, type Result } from "@berth/domain";
import { callerNow } from "../api-keys/check-grant.ts";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import type { Refusal } from "../http/refusal.ts";
import { admitStanding } from "../members/authority.ts";
import { withLimits } from "../quotas/wire.ts";
import type { SeenOrganization } from "./wire.ts";

/**
 * Passes who may make an organization of that kind: an owner of the platform's may everything, so who makes one must as well.
 * By the key as it is stored now, for what it gives away would outlive a key that was revoked some moments ago.
 */
export async function admitCreator(
  deps: ApiDeps,
  principal: Principal,
  kind: OrganizationKind | undefined,
): Promise<Result<true, Refusal>> {
  const caller = await callerNow(deps, deps.databases.tenants, principal, "admin:tenants:act");
  if (!caller.ok) return caller;
  return kind === "platform" ? admitStanding(kind, "owner", caller.value.permissions) : ok(true);
}

/**
 * Makes an organization with its first project and the invitation of its first owner: it has nobody yet who could invite. All
 * of it is one row, the first of the new organization's own audit log. One transaction, the caller's.
 */
export async function createOrganization(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly body: CreateOrganizationBody;
    readonly tokenHash: Uint8Array;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<SeenOrganization & { readonly invitation: InvitationRow }> {
  const { body, tokenHash, actor, requestId } = request;
  const { name, kind = "customer", owner_email: email } = body;
  const id = deps.ids.next("organization");
  const limits = withLimits(DEFAULT_LIMITS, body.quotas);
  const organization = await insertOrganization(tx, { id, name, kind, ...limits });
  await insertProject(tx, { id: deps.ids.next("project"), organizationId: id, name: "default" });
  const invitation = await insertInvitation(tx, {
    id: deps.ids.next("invitation"),
    organizationId: id,
    email,
    role: "owner",
    tokenHash,
    createdBy: actor,
  });
  if (invitation === undefined) throw new Error(`${id} is new, and has an invitation`);
  await appendAudit(tx, deps.ids, {
    organizationId: id,
    actor,
    requestId,
    action: "organization.create",
    targetType: "organization",
    targetId: id,
    data: { name, kind, ...limits, invitationId: invitation.id, ownerEmail: email },
  });
  return { organization, usage: await readQuota(tx, id), invitation };
}
