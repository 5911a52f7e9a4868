import type {
  ApiKeyId,
  ApiKeyState,
  ClusterId,
  MemberId,
  MemberRole,
  OrganizationId,
  OrganizationKind,
  OrganizationState,
  ProjectId,
  QuotaUse,
} from "@berth/domain";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { lockQuota } from "./quotas.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** A key as authentication needs it, with its organization and its member. */
export interface StoredApiKey {
  readonly apiKeyId: ApiKeyId;
  readonly publicId: string;
  readonly keyName: string;
  readonly organizationId: OrganizationId;
  readonly organizationKind: OrganizationKind;
  readonly organizationState: OrganizationState;
  readonly secretHash: Uint8Array;
  readonly scopes: readonly string[];
  /** Whose personal key it is. */
  readonly memberId: MemberId | null;
  readonly role: MemberRole | null;
  /** When the member left. */
  readonly removedAt: Date | null;
  readonly projectIds: readonly ProjectId[];
  readonly clusterIds: readonly ClusterId[];
  readonly cidrs: readonly string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Finds keys by the public part of their text: the one lookup before the tenant is known. Unknown ones are left out. */
export function findApiKeysByPublicId(sql: Sql, publicIds: readonly string[]): Promise<StoredApiKey[]> {
  return sql.query<StoredApiKey>(
    `select k.id as "apiKeyId", w.public_id as "publicId", k.name as "keyName", k.organization_id as "organizationId",
            k.organization_kind as "organizationKind", k.organization_state as "organizationState", k.secret_hash as "secretHash", k.scopes, k.member_id as "memberId",
            k.role, k.removed_at as "removedAt", k.project_ids as "projectIds", k.cluster_ids as "clusterIds", k.cidrs,
            k.expires_at as "expiresAt", k.revoked_at as "revokedAt"
       from unnest($1::text[]) w(public_id), berth_find_api_key(w.public_id) k`,
    [publicIds],
  );
}

/** A key as its organization sees it: everything but the hash. */
export interface ApiKeyRow {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly publicId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly memberId: MemberId | null;
  readonly projectIds: readonly ProjectId[];
  readonly clusterIds: readonly ClusterId[];
  readonly cidrs: readonly string[];
  readonly generation: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** When it was revoked, or its member left. */
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly lastUsedFrom: string | null;
  readonly rotatedFrom: ApiKeyId | null;
  readonly state: ApiKeyState;
}

const STATE = `case when k.revoked_at is not null or m.removed_at is not null then 'revoked'
                     when k.expires_at <= now() then 'expired' else 'active' end`;
const COLUMNS = `${columns<ApiKeyRow>("k", [
  "id",
  "organizationId",
  "publicId",
  "name",
  "scopes",
  "memberId",
  "projectIds",
  "clusterIds",
  "cidrs",
  "generation",
  "createdBy",
  "createdAt",
  "expiresAt",
  "lastUsedAt",
  "lastUsedFrom",
  "rotatedFrom",
])}, coalesce(k.revoked_at, m.removed_at) as "revokedAt", ${STATE} as state`;
const FROM = "from api_key k left join member m on m.id = k.member_id";

export async function findApiKey(sql: Sql, organizationId: OrganizationId, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await sql.query<ApiKeyRow>(`select ${COLUMNS} ${FROM} where k.organization_id = $1 and k.id = $2`, [
    organizationId,
    id,
  ]);
  return row;
}

/** The same, locked against other changes to the end of the transaction. */
export async function lockApiKey(tx: Tx, organizationId: OrganizationId, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await tx.query<ApiKeyRow>(
    `select ${COLUMNS} ${FROM} where k.organization_id = $1 and k.id = $2 for no key update of k`,
    [organizationId, id],
  );
  return row;
}

export interface ApiKeyQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly memberId?: string | undefined;
  readonly name?: string | undefined;
  readonly state?: ApiKeyState | undefined;
}

export function listApiKeys(sql: Sql, query: ApiKeyQuery): Promise<Page<ApiKeyRow>> {
  const where = startWhere();
  where.add("k.organization_id = ?", query.organizationId);
  where.add("k.member_id = ?", query.memberId);
  where.add("k.name = ?", query.name);
  where.add(`${STATE} = ?`, query.state);
  return pageByAge(sql, `select ${COLUMNS} ${FROM}`, "k", where, query);
}

/** How many keys work now, and how many may: whoever else makes one waits to the end of the transaction, and counts this one. */
export async function lockApiKeyQuota(tx: Tx, organizationId: OrganizationId): Promise<QuotaUse> {
  return (await lockQuota(tx, organizationId)).quotas.apiKeys;
}

/** Those of the ids that a key can be limited to: what is there, and within the reach of whoever asks. */
export async function findKeyLimits(
  sql: Sql,
  organizationId: OrganizationId,
  wanted: { readonly projectIds: readonly string[]; readonly clusterIds: readonly string[] },
): Promise<{
  readonly projectIds: readonly ProjectId[];
  readonly projectOfCluster: ReadonlyMap<ClusterId, ProjectId>;
}> {
  const rows = await sql.query<{ projectId: ProjectId; clusterId: ClusterId | null }>(
    `select p.id as "projectId", null as "clusterId" from project p
      where p.organization_id = $1 and p.id = any ($2::text[]) and p.deleted_at is null
     union all
     select c.project_id, c.id from cluster c
      where c.organization_id = $1 and c.id = any ($3::text[]) and c.state <> 'deleted'`,
    [organizationId, wanted.projectIds, wanted.clusterIds],
  );
  return {
    projectIds: rows.flatMap(({ projectId, clusterId }) => (clusterId === null ? [projectId] : [])),
    projectOfCluster: new Map(
      rows.flatMap(({ projectId, clusterId }) => (clusterId === null ? [] : [[clusterId, projectId] as const])),
    ),
  };
}

export interface NewApiKeyRow {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly publicId: string;
  readonly secretHash: Uint8Array;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly memberId?: MemberId;
  readonly projectIds?: readonly ProjectId[];
  readonly clusterIds?: readonly ClusterId[];
  readonly cidrs?: readonly string[];
  readonly expiresAt?: Date;
  readonly rotatedFrom?: ApiKeyId;
  /** Id of another key or of an invitation, or `system`. */
  readonly createdBy: string;
}

export async function insertApiKey(tx: Tx, key: NewApiKeyRow): Promise<void> {
  await tx.query(
    `insert into api_key (id, organization_id, public_id, secret_hash, name, scopes, member_id, project_ids, cluster_ids, cidrs,
            expires_at, rotated_from, created_by)
     values ($1, $2, $3, $4, $5, $6::text[], $7, $8::text[], $9::text[], $10::text[], $11::timestamptz, $12, $13)`,
    [
      key.id,
      key.organizationId,
      key.publicId,
      key.secretHash,
      key.name,
      key.scopes,
      key.memberId ?? null,
      key.projectIds ?? [],
      key.clusterIds ?? [],
      key.cidrs ?? [],
      key.expiresAt ?? null,
      key.rotatedFrom ?? null,
      key.createdBy,
    ],
  );
}

/** Everything of a key that can be changed. */
export type ApiKeySettings = Pick<ApiKeyRow, "name" | "scopes" | "projectIds" | "clusterIds" | "cidrs" | "expiresAt">;

/** Changes a key that `lockApiKey` gave. */
export async function updateApiKey(
  tx: Tx,
  key: ApiKeySettings & { readonly organizationId: OrganizationId; readonly id: ApiKeyId },
): Promise<void> {
  await tx.query(
    `update api_key set name = $3, scopes = $4::text[], project_ids = $5::text[], cluster_ids = $6::text[],
            cidrs = $7::text[], expires_at = $8::timestamptz, generation = generation + 1
      where organization_id = $1 and id = $2`,
    [
      key.organizationId,
      key.id,
      key.name,
      key.scopes,
      key.projectIds,
      key.clusterIds,
      key.cidrs,
      key.expiresAt?.toISOString() ?? null,
    ],
  );
}

/** Ends a key that `lockApiKey` gave, now and for good. */
export async function revokeApiKey(tx: Tx, organizationId: OrganizationId, id: ApiKeyId): Promise<void> {
  await tx.query(
    `update api_key set revoked_at = now(), generation = generation + 1
      where organization_id = $1 and id = $2 and revoked_at is null`,
    [organizationId, id],
  );
}

/** Lets a key that `lockApiKey` gave end at a moment, or when it would have ended anyway if that is earlier. */
export async function retireApiKey(tx: Tx, organizationId: OrganizationId, id: ApiKeyId, at: Date): Promise<void> {
  await tx.query(
    `update api_key set expires_at = least(expires_at, $3::timestamptz), generation = generation + 1
      where organization_id = $1 and id = $2`,
    [organizationId, id, at.toISOString()],
  );
}

/** When and from where a key was last used. */
export interface ApiKeyUse {
  readonly apiKeyId: ApiKeyId;
  readonly at: Date;
  readonly address: string | null;
}

/** Stores last uses of keys of any tenants; an older one than is stored changes nothing. */
export async function noteApiKeyUses(sql: Sql, uses: readonly ApiKeyUse[]): Promise<void> {
  await sql.query("select berth_note_key_uses($1::text[], $2::timestamptz[], $3::text[]) as noted", [
    uses.map(({ apiKeyId }) => apiKeyId),
    uses.map(({ at }) => at.toISOString()),
    uses.map(({ address }) => address),
  ]);
}
