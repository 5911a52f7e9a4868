import { CREDENTIAL_STATES, type Credential, type CredentialRole } from "@berth/contract";
import { iso } from "../http/wire.ts";
import { oneOf } from "../operations/wire.ts";

export interface CredentialRow {
  readonly id: string;
  readonly clusterId: string;
  readonly username: string;
  readonly role: string;
  readonly hint: string;
  readonly state: string;
  readonly createdAt: Date;
}

/** Roles as the engine port names them, which is what is stored. */
const STORED_ROLES = { admin: "customer_admin", read: "customer_read" } as const;

export function storedRole(role: CredentialRole): (typeof STORED_ROLES)[CredentialRole] {
  return STORED_ROLES[role];
}

export function toCredentialBody(row: CredentialRow): Credential {
  return {
    id: row.id,
    cluster_id: row.clusterId,
    username: row.username,
    role: row.role === STORED_ROLES.read ? "read" : "admin",
    hint: row.hint,
    state: oneOf(CREDENTIAL_STATES, row.state),
    created_at: iso(row.createdAt),
  };
}
