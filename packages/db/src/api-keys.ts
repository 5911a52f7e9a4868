import type { ApiKeyId, OrganizationId } from "@berth/domain";
import type { Sql, Tx } from "./sql.ts";

/** A key as authentication needs it. */
export interface StoredApiKey {
  readonly apiKeyId: ApiKeyId;
  readonly keyName: string;
  readonly organizationId: OrganizationId;
  readonly organizationName: string;
  readonly permissions: readonly string[];
  readonly secretHash: Uint8Array;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Finds a key by the public part of its text: the one lookup before the tenant is known. */
export async function findApiKey(sql: Sql, publicId: string): Promise<StoredApiKey | undefined> {
  const [row] = await sql.query<StoredApiKey>(
    `select id as "apiKeyId", name as "keyName", organization_id as "organizationId",
            organization_name as "organizationName", scopes as permissions, secret_hash as "secretHash",
            expires_at as "expiresAt", revoked_at as "revokedAt"
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
  readonly expiresAt?: Date;
  /** Another key's id, or `system`. */
  readonly createdBy: string;
}

export async function insertApiKey(tx: Tx, key: NewApiKeyRow): Promise<void> {
  await tx.query(
    `insert into api_key (id, organization_id, public_id, secret_hash, name, scopes, expires_at, created_by)
     values ($1, $2, $3, $4, $5, $6::text[], $7::timestamptz, $8)`,
    [
      key.id,
      key.organizationId,
      key.publicId,
      key.secretHash,
      key.name,
      key.scopes,
      key.expiresAt ?? null,
      key.createdBy,
    ],
  );
}
