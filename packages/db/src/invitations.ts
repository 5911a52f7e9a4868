import type { IdSource, InvitationId, MemberId, MemberRole, OrganizationId } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export type InvitationState = "pending" | "accepted" | "revoked" | "expired";

export interface InvitationRow {
  readonly id: InvitationId;
  readonly organizationId: OrganizationId;
  readonly email: string;
  readonly role: MemberRole;
  readonly state: InvitationState;
  readonly memberId: MemberId | null;
  readonly generation: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** By the database's clock: one expires without anybody's doing. */
const STATE = `case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
  when i.expires_at <= now() then 'expired' else 'pending' end`;
const COLUMNS = `${columns<InvitationRow>("i", [
  "id",
  "organizationId",
  "email",
  "role",
  "memberId",
  "generation",
  "createdBy",
  "createdAt",
  "expiresAt",
  "acceptedAt",
  "revokedAt",
])}, ${STATE} as state`;

/** How long an invitation is good. */
export const INVITATION_DAYS = 7;

export async function findInvitation(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<InvitationRow | undefined> {
  const [row] = await sql.query<InvitationRow>(
    `select ${COLUMNS} from invitation i where i.organization_id = $1 and i.id = $2`,
    [organizationId, id],
  );
  return row;
}

/** The same, locked to the end of the transaction: it is accepted, sent again or revoked, and not two of these. */
export async function lockInvitation(
  tx: Tx,
  organizationId: OrganizationId,
  id: string,
): Promise<InvitationRow | undefined> {
  const [row] = await tx.query<InvitationRow>(
    `select ${COLUMNS} from invitation i where i.organization_id = $1 and i.id = $2 for no key update of i`,
    [organizationId, id],
  );
  return row;
}

/** Whose invitation a token is, by its hash: the one lookup of somebody who has no key yet. Says nothing of its state. */
export async function findInvitationByToken(
  sql: Sql,
  tokenHash: Uint8Array,
): Promise<Pick<InvitationRow, "id" | "organizationId"> | undefined> {
  const [row] = await sql.query<Pick<InvitationRow, "id" | "organizationId">>(
    `select id, organization_id as "organizationId" from berth_find_invitation($1)`,
    [tokenHash],
  );
  return row;
}

export interface InvitationQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly state?: InvitationState | undefined;
  readonly email?: string | undefined;
}

/** Also those that are over. */
export function listInvitations(sql: Sql, query: InvitationQuery): Promise<Page<InvitationRow>> {
  const where = startWhere();
  where.add("i.organization_id = ?", query.organizationId);
  where.add(`${STATE} = ?`, query.state);
  where.add("i.email = ?", query.email);
  return pageByAge(sql, `select ${COLUMNS} from invitation i`, "i", where, query);
}

export interface NewInvitation {
  readonly id: InvitationId;
  readonly organizationId: OrganizationId;
  readonly email: string;
  readonly role: MemberRole;
  readonly tokenHash: Uint8Array;
  /** Id of the key. */
  readonly createdBy: string;
}

/** Stores an invitation, and nothing about it. Its days begin now. Undefined when one is open for the address. */
export async function insertInvitation(tx: Tx, invitation: NewInvitation): Promise<InvitationRow | undefined> {
  const { id, organizationId, email, role, tokenHash, createdBy } = invitation;
  const [row] = await tx.query<InvitationRow>(
    `insert into invitation as i (id, organization_id, email, role, token_hash, created_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + $7::int * interval '1 day')
     on conflict (organization_id, email) where accepted_at is null and revoked_at is null do nothing returning ${COLUMNS}`,
    [id, organizationId, email, role, tokenHash, createdBy, INVITATION_DAYS],
  );
  return row;
}

/**
 * Makes an invitation, under `lockOrganization`; an expired one for the address makes room. Undefined when one is pending.
 */
export async function createInvitation(
  tx: Tx,
  ids: IdSource,
  invitation: Actor & Omit<NewInvitation, "createdBy">,
): Promise<InvitationRow | undefined> {
  const { id, organizationId, email, role, tokenHash, actor, requestId } = invitation;
  await tx.query(
    `update invitation set revoked_at = now(), generation = generation + 1
      where organization_id = $1 and email = $2 and accepted_at is null and revoked_at is null and expires_at <= now()`,
    [organizationId, email],
  );
  const row = await insertInvitation(tx, { id, organizationId, email, role, tokenHash, createdBy: actor });
  if (row === undefined) return undefined;
  const target = { organizationId, targetType: "invitation", targetId: id };
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "invitation.create", data: { email, role } });
  return row;
}

interface InvitationChange extends Actor {
  readonly invitation: InvitationRow;
}

/** Gives an open invitation that `lockInvitation` gave another token and its days anew. The old token leads nowhere. */
export async function renewInvitation(
  tx: Tx,
  ids: IdSource,
  change: InvitationChange & { readonly tokenHash: Uint8Array },
): Promise<InvitationRow> {
  const { organizationId, id, expiresAt } = change.invitation;
  const [row] = await tx.query<InvitationRow>(
    `update invitation i set token_hash = $3, expires_at = now() + $4::int * interval '1 day', generation = i.generation + 1
      where i.organization_id = $1 and i.id = $2 and i.accepted_at is null and i.revoked_at is null returning ${COLUMNS}`,
    [organizationId, id, change.tokenHash, INVITATION_DAYS],
  );
  if (row === undefined) throw new Error(`${id} ended under its lock`);
  const data = { before: { expiresAt }, after: { expiresAt: row.expiresAt } };
  await auditInvitation(tx, ids, change, "invitation.resend", data);
  return row;
}

/** Ends an open invitation that `lockInvitation` gave. */
export async function revokeInvitation(tx: Tx, ids: IdSource, change: InvitationChange): Promise<void> {
  const { organizationId, id, email, role } = change.invitation;
  await tx.query(
    `update invitation set revoked_at = now(), generation = generation + 1
      where organization_id = $1 and id = $2 and accepted_at is null and revoked_at is null`,
    [organizationId, id],
  );
  await auditInvitation(tx, ids, change, "invitation.revoke", { email, role });
}

/** Notes of a pending invitation that `lockInvitation` gave whom it became. */
export async function markAccepted(
  tx: Tx,
  ids: IdSource,
  change: InvitationChange & { readonly memberId: MemberId; readonly apiKeyId: string },
): Promise<void> {
  const { organizationId, id, email, role } = change.invitation;
  await tx.query(
    `update invitation set accepted_at = now(), member_id = $3, generation = generation + 1
      where organization_id = $1 and id = $2 and accepted_at is null and revoked_at is null`,
    [organizationId, id, change.memberId],
  );
  const { memberId, apiKeyId } = change;
  await auditInvitation(tx, ids, change, "invitation.accept", { email, role, memberId, apiKeyId });
}

async function auditInvitation(
  tx: Tx,
  ids: IdSource,
  change: InvitationChange,
  action: string,
  data: object,
): Promise<void> {
  const { actor, requestId } = change;
  const { organizationId, id } = change.invitation;
  const target = { organizationId, targetType: "invitation", targetId: id };
  await appendAudit(tx, ids, { ...target, actor, requestId, action, data });
}
