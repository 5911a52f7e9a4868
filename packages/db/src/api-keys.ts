import type {
  ApiKeyId,
  ClusterId,
  MemberId,
  MemberRole,
  OrganizationId,
  OrganizationKind,
  OrganizationState,
  ProjectId,
} from "@berth/domain";
import type { Sql, Tx } from "./sql.ts";

/** A key as authentication needs it, with its organization and its member. */
export interface StoredApiKey {
  readonly apiKeyId: ApiKeyId;
  readonly keyName: string;
  readonly organizationId: OrganizationId;
  readonly organizationName: string;
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

/** Finds a key by the public part of its text: the one lookup before the tenant is known. */
export async function findApiKey(sql: Sql, publicId: string): Promise<StoredApiKey | undefined> {
  const [row] = await sql.query<StoredApiKey>(
    `select id as "apiKeyId", name as "keyName", organization_id as "organizationId", organization_name as "organizationName",
            organization_kind as "organizationKind", organization_state as "organizationState", secret_hash as "secretHash",
            scopes, member_id as "memberId", role, removed_at as "removedAt", project_ids as "projectIds",
            cluster_ids as "clusterIds", cidrs, expires_at as "expiresAt", revoked_at as "revokedAt"
       from berth_find_api_key($1)`,
    [publicId],
  );
  return row;
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
  /** Another key's id, or `system`. */
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
