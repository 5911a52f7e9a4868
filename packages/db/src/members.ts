import type { IdSource, MemberId, MemberRole, OrganizationId } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { appendEvent } from "./events.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface MemberRow {
  readonly id: MemberId;
  readonly organizationId: OrganizationId;
  readonly email: string;
  readonly name: string;
  readonly role: MemberRole;
  readonly generation: number;
  readonly createdBy: string;
  readonly createdAt: Date;
}

const COLUMNS = columns<MemberRow>("m", [
  "id",
  "organizationId",
  "email",
  "name",
  "role",
  "generation",
  "createdBy",
  "createdAt",
]);

/** One who has not left. */
export async function findMember(sql: Sql, organizationId: OrganizationId, id: string): Promise<MemberRow | undefined> {
  const [row] = await sql.query<MemberRow>(
    `select ${COLUMNS} from member m where m.organization_id = $1 and m.id = $2 and m.removed_at is null`,
    [organizationId, id],
  );
  return row;
}

/** One who has not left, by the address in lower case. */
export async function findMemberByEmail(
  sql: Sql,
  organizationId: OrganizationId,
  email: string,
): Promise<MemberRow | undefined> {
  const [row] = await sql.query<MemberRow>(
    `select ${COLUMNS} from member m where m.organization_id = $1 and m.email = $2 and m.removed_at is null`,
    [organizationId, email],
  );
  return row;
}

export interface MemberQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly role?: MemberRole | undefined;
  readonly email?: string | undefined;
}

/** Those who have not left. */
export function listMembers(sql: Sql, query: MemberQuery): Promise<Page<MemberRow>> {
  const where = startWhere();
  where.add("m.removed_at is null and m.organization_id = ?", query.organizationId);
  where.add("m.role = ?", query.role);
  where.add("m.email = ?", query.email);
  return pageByAge(sql, `select ${COLUMNS} from member m`, "m", where, query);
}

/** Owners besides this member. Under `lockOrganization`: two owners who end each other's role must not both see one left. */
export async function countOtherOwners(sql: Sql, organizationId: OrganizationId, id: MemberId): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from member
      where organization_id = $1 and id <> $2 and role = 'owner' and removed_at is null`,
    [organizationId, id],
  );
  return row?.count ?? 0;
}

/** Stores a member, and nothing about it. Undefined when somebody with the address is there. */
export async function insertMember(
  tx: Tx,
  member: Pick<MemberRow, "id" | "organizationId" | "email" | "name" | "role" | "createdBy">,
): Promise<MemberRow | undefined> {
  const [row] = await tx.query<MemberRow>(
    `insert into member as m (id, organization_id, email, name, role, created_by) values ($1, $2, $3, $4, $5, $6)
     on conflict (organization_id, email) where removed_at is null do nothing returning ${COLUMNS}`,
    [member.id, member.organizationId, member.email, member.name, member.role, member.createdBy],
  );
  return row;
}

/**
 * Gives a member another name or role, under `lockOrganization`. Invitations that the member sent and that offer a role
 * not among `mayOffer` end: nobody is to become, by somebody's word of before, what that somebody cannot make them now.
 */
export async function updateMember(
  tx: Tx,
  ids: IdSource,
  change: Actor & {
    readonly member: MemberRow;
    readonly name: string;
    readonly role: MemberRole;
    readonly mayOffer: readonly MemberRole[];
  },
): Promise<MemberRow> {
  const { member, name, role, mayOffer, actor, requestId } = change;
  const { organizationId, id } = member;
  const [row] = await tx.query<MemberRow>(
    `update member m set name = $3, role = $4, generation = m.generation + 1
      where m.organization_id = $1 and m.id = $2 and m.removed_at is null returning ${COLUMNS}`,
    [organizationId, id, name, role],
  );
  if (row === undefined) throw new Error(`${id} left under the organization's lock`);
  const ended = role === member.role ? 0 : await endInvitationsOf(tx, organizationId, id, mayOffer);
  const changed = (one: MemberRow) => ({
    ...(name === member.name ? {} : { name: one.name }),
    ...(role === member.role ? {} : { role: one.role }),
  });
  const target = { organizationId, targetType: "member", targetId: id } as const;
  const after = { ...changed(row), ...(ended === 0 ? {} : { invitationsRevoked: ended }) };
  const data = { before: changed(member), after };
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "member.update", data });
  await appendEvent(tx, ids, { ...target, type: "member.updated", data: changed(row) });
  return row;
}

/** Ends a membership, with the personal keys and the open invitations of who had it. Under `lockOrganization`. */
export async function removeMember(
  tx: Tx,
  ids: IdSource,
  change: Actor & { readonly member: MemberRow },
): Promise<void> {
  const { member, actor, requestId } = change;
  const { organizationId, id, email, role } = member;
  await tx.query(
    `update member set removed_at = now(), generation = generation + 1
      where organization_id = $1 and id = $2 and removed_at is null`,
    [organizationId, id],
  );
  const keys = await tx.query(
    `update api_key set revoked_at = now(), generation = generation + 1
      where organization_id = $1 and member_id = $2 and revoked_at is null returning id`,
    [organizationId, id],
  );
  const invitationsRevoked = await endInvitationsOf(tx, organizationId, id, []);
  const target = { organizationId, targetType: "member", targetId: id } as const;
  const data = { email, role, keysRevoked: keys.length, invitationsRevoked };
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "member.remove", data });
  await appendEvent(tx, ids, { ...target, type: "member.removed", data: { role } });
}

async function endInvitationsOf(
  tx: Tx,
  organizationId: OrganizationId,
  id: MemberId,
  mayOffer: readonly MemberRole[],
): Promise<number> {
  const ended = await tx.query(
    `update invitation i set revoked_at = now()
      where i.organization_id = $1 and i.accepted_at is null and i.revoked_at is null and not i.role = any ($3::text[])
        and i.created_by in (select k.id from api_key k where k.organization_id = $1 and k.member_id = $2) returning i.id`,
    [organizationId, id, mayOffer],
  );
  return ended.length;
}
