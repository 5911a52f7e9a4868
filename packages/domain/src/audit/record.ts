import { canonicalMembers } from "./canonical-json.ts";
import type { AuditChanges } from "./changes.ts";

/**
 * `operator` is somebody of the platform who acts by an `admin:*` permission, `system` Berth itself or its installer. A
 * personal key is an `api_key` whose row names its member in `on_behalf_of`; who takes up an invitation comes with that alone.
 */
export const AUDIT_ACTOR_TYPES = ["api_key", "member", "invitation", "operator", "system"] as const;
export type AuditActorType = (typeof AUDIT_ACTOR_TYPES)[number];

/** `accepted`: an operation carries it out from here. `succeeded`: done when the row was written. Refusals leave no row. */
export const AUDIT_OUTCOMES = ["succeeded", "accepted"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** The action of a row that says that somebody of the platform looked at an organization's data. */
export const OPERATOR_READ = "operator.read";

/** A caller's description of itself is kept to here. */
export const LONGEST_USER_AGENT = 256;

/**
 * One row of an organization's audit chain, in the form in which it is hashed and every reader gets it.
 *
 * `hash` is SHA-256 in hexadecimal of the canonical JSON of all other members. One of those is `previous_hash`, the hash of
 * the row before, so a row vouches for all that came earlier.
 */
export interface AuditRecord {
  readonly id: string;
  readonly organization_id: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly created_at: string;
  readonly actor: { readonly type: AuditActorType; readonly id: string; readonly name: string | null };
  readonly on_behalf_of: string | null;
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string };
  readonly request_id: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly outcome: AuditOutcome;
  readonly changes: AuditChanges;
  readonly previous_hash: string;
  readonly hash: string;
}

/** A record whose place in the chain is not known yet. */
export type AuditDraft = Omit<AuditRecord, "number" | "created_at" | "previous_hash" | "hash">;

/**
 * The canonical text of a draft in four pieces, between which its place in the chain goes:
 * `{` 1 `,"created_at":…,` 2 `,"number":…,` 3 `,"previous_hash":…,` 4 `}`.
 *
 * So only one side writes canonical JSON, this one; the database, which alone knows the place, joins texts.
 */
export function draftPieces(draft: AuditDraft): readonly [string, string, string, string] {
  const { action, actor, changes, id, ip, on_behalf_of, organization_id, outcome, request_id, target, user_agent } =
    draft;
  return [
    canonicalMembers({ action, actor, changes }),
    canonicalMembers({ id, ip }),
    canonicalMembers({ on_behalf_of, organization_id, outcome }),
    canonicalMembers({ request_id, target, user_agent }),
  ];
}
