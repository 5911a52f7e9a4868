import { timingSafeEqual } from "node:crypto";
import type { Reach, StoredApiKey } from "@berth/db";
import {
  type ApiKeyId,
  effectivePermissions,
  type MemberId,
  type MemberRole,
  type OrganizationId,
  type OrganizationKind,
  ok,
  type Permission,
  type Result,
} from "@berth/domain";
import type { Clock } from "@berth/ports";
import { hashApiKey, publicIdOf } from "./api-key.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Who asks, and what they may. Made from the key alone: nothing in a path or body says whose data is meant. */
export interface Principal {
  readonly apiKeyId: ApiKeyId;
  readonly keyName: string;
  readonly organizationId: OrganizationId;
  readonly organizationName: string;
  readonly organizationKind: OrganizationKind;
  /** Whom the key acts for; undefined for one of the organization's own. */
  readonly member: { readonly id: MemberId; readonly role: MemberRole } | undefined;
  /** The key's scopes, cut to what the member's role allows now. */
  readonly permissions: readonly Permission[];
  readonly reach: Reach;
  readonly expiresAt: Date | null;
}

export interface AuthenticatorDeps {
  readonly findApiKey: (publicId: string) => Promise<StoredApiKey | undefined>;
  readonly pepper: Uint8Array;
  readonly clock: Clock;
}

export type Authenticator = (authorization: string | undefined) => Promise<Result<Principal, Refusal>>;

/** A revoked key works for at most so long. */
const CACHE_MS = 5000;
const CACHE_ENTRIES = 10_000;

/**
 * Checks the Authorization header.
 *
 * A mistyped key is known by its checksum, without asking the database; a well-formed one is looked up by its public part,
 * and compared in constant time. Rows are kept for five seconds, which is how late a revocation may take effect.
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const cache = new Map<string, { readonly until: number; readonly row: Promise<StoredApiKey | undefined> }>();

  const find = (publicId: string): Promise<StoredApiKey | undefined> => {
    const now = deps.clock.now().getTime();
    const known = cache.get(publicId);
    if (known !== undefined && known.until > now) return known.row;
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    const row = deps.findApiKey(publicId);
    cache.set(publicId, { until: now + CACHE_MS, row });
    // Neither a failure nor an unknown key is remembered: the one may pass, the other would let strangers fill the cache.
    row.then(
      (found) => found === undefined && cache.delete(publicId),
      () => cache.delete(publicId),
    );
    return row;
  };

  return async (authorization) => {
    const text = /^Bearer ([\w]{1,200})$/i.exec(authorization ?? "")?.[1];
    if (text === undefined) {
      return refuse("missing_credentials", "Send the header `Authorization: Bearer <API key>`.");
    }
    const publicId = publicIdOf(text);
    if (publicId === undefined) return refuse("invalid_credentials", "That is not an API key of this service.");
    const row = await find(publicId);
    const given = hashApiKey(text, deps.pepper);
    const matches = timingSafeEqual(
      given,
      row?.secretHash.length === given.length ? row.secretHash : given.map((b) => ~b),
    );
    if (row === undefined || !matches || row.revokedAt !== null || row.removedAt !== null) {
      return refuse("invalid_credentials", "The API key is unknown or was revoked.");
    }
    if (row.expiresAt !== null && row.expiresAt <= deps.clock.now()) {
      return refuse("expired_credentials", `The API key expired at ${row.expiresAt.toISOString()}.`);
    }
    if (row.organizationState === "suspended") {
      return refuse("organization_suspended", "The organization is suspended. Ask the operator of this service.");
    }
    return ok(principalOf(row));
  };
}

function principalOf(row: StoredApiKey): Principal {
  const { apiKeyId, keyName, organizationId, organizationName, organizationKind, scopes, memberId, expiresAt } = row;
  const member = memberId === null || row.role === null ? undefined : { id: memberId, role: row.role };
  return {
    apiKeyId,
    keyName,
    organizationId,
    organizationName,
    organizationKind,
    member,
    permissions: effectivePermissions({ scopes, kind: organizationKind, role: member?.role }),
    reach: { organizationId, projectIds: row.projectIds, clusterIds: row.clusterIds },
    expiresAt,
  };
}
