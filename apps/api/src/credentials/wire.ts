import type { Credential, CredentialRole } from "@berth/contract";
import type { CredentialRow, StoredCredentialRole } from "@berth/db";
import { etagOf, versionWith } from "../http/etag.ts";
import { iso } from "../http/wire.ts";

/** Roles as the engine port names them, which is what is stored. */
const STORED_ROLES: Readonly<Record<CredentialRole, StoredCredentialRole>> = {
  admin: "customer_admin",
  read: "customer_read",
};

export function storedRole(role: CredentialRole): StoredCredentialRole {
  return STORED_ROLES[role];
}

export function toCredentialBody(row: CredentialRow): Credential {
  return {
    id: row.id,
    cluster_id: row.clusterId,
    username: row.username,
    role: row.role === "customer_read" ? "read" : "admin",
    hint: row.hint,
    state: row.state,
    generation: row.generation,
    created_at: iso(row.createdAt),
  };
}

/** The engine comes to know it by itself. */
export function etagOfCredential(row: CredentialRow): string {
  return etagOf(versionWith(row, row.state));
}
