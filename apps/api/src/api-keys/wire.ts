import type { ApiKey } from "@berth/contract";
import type { ApiKeyRow } from "@berth/db";
import { API_KEY_PREFIX } from "../http/api-key.ts";
import type { Version } from "../http/etag.ts";
import { iso, isoOrNull } from "../http/wire.ts";

export function toApiKeyBody(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: `${API_KEY_PREFIX}${row.publicId}`,
    scopes: [...row.scopes],
    member_id: row.memberId,
    project_ids: [...row.projectIds],
    cluster_ids: [...row.clusterIds],
    cidrs: [...row.cidrs],
    state: row.state,
    generation: row.generation,
    created_by: row.createdBy,
    created_at: iso(row.createdAt),
    expires_at: isoOrNull(row.expiresAt),
    revoked_at: isoOrNull(row.revokedAt),
    last_used_at: isoOrNull(row.lastUsedAt),
    last_used_from: row.lastUsedFrom,
    rotated_from: row.rotatedFrom,
  };
}

const STATE_NUMBERS: Readonly<Record<ApiKeyRow["state"], number>> = { active: 0, expired: 1, revoked: 2 };

/** What changes by itself: when it was last used, that it expired, that its member left. */
export function versionOfKey(row: ApiKeyRow): Version {
  const statusVersion = (row.lastUsedAt?.getTime() ?? 0) * 3 + STATE_NUMBERS[row.state];
  return { generation: row.generation, statusVersion };
}
