import { timingSafeEqual } from "node:crypto";
import type { Reach, StoredApiKey } from "@berth/db";
import {
  type ApiKeyId,
  effectivePermissions,
  isLimited,
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
import { addressOf, isAddressIn } from "./client-address.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Who asks, and what they may. Made from the key alone: nothing in a path or body says whose data is meant. */
export interface Principal {
  readonly apiKeyId: ApiKeyId;
  /** The part of the key's text by which it is looked up again. */
  readonly publicId: string;
  readonly keyName: string;
  readonly organizationId: OrganizationId;
  readonly organizationKind: OrganizationKind;
  /** Whom the key acts for; undefined for one of the organization's own. */
  readonly member: { readonly id: MemberId; readonly role: MemberRole } | undefined;
  /** The key's scopes, cut to what the member's role allows now. */
  readonly permissions: readonly Permission[];
  readonly reach: Reach;
  /** Networks that the key can be used from; from anywhere when empty. */
  readonly cidrs: readonly string[];
  readonly expiresAt: Date | null;
  /** Where the request came from. */
  readonly address: string | undefined;
}

/** What a request says of who sent it. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** The client's address: the connection's, or what a trusted proxy says. */
  readonly address: string;
}

export interface AuthenticatorDeps {
  readonly findApiKey: (publicId: string) => Promise<StoredApiKey | undefined>;
  readonly pepper: Uint8Array;
  readonly clock: Clock;
}

export type Authenticator = (credentials: Credentials) => Promise<Result<Principal, Refusal>>;

/**
 * Checks the Authorization header.
 *
 * A mistyped key is known by its checksum, without asking for any; a well-formed one is looked up by its public part, and
 * compared in constant time.
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  return async ({ authorization, address }) => {
    const text = /^Bearer ([\w]{1,200})$/i.exec(authorization ?? "")?.[1];
    if (text === undefined) {
      return refuse("missing_credentials", "Send the header `Authorization: Bearer <API key>`.");
    }
    const publicId = publicIdOf(text);
    if (publicId === undefined) return refuse("invalid_credentials", "That is not an API key of this service.");
    const row = await deps.findApiKey(publicId);
    const given = hashApiKey(text, deps.pepper);
    const matches = timingSafeEqual(
      given,
      row?.secretHash.length === given.length ? row.secretHash : given.map((b) => ~b),
    );
    if (row === undefined || !matches) return refuse("invalid_credentials", UNKNOWN);
    return admit(row, addressOf(address), deps.clock.now());
  };
}

const UNKNOWN = "The API key is unknown or was revoked.";

/** Whom a key's row lets in, from this address and at this moment. */
export function admit(row: StoredApiKey, address: string | undefined, now: Date): Result<Principal, Refusal> {
  if (row.revokedAt !== null || row.removedAt !== null) return refuse("invalid_credentials", UNKNOWN);
  if (row.expiresAt !== null && row.expiresAt <= now) {
    return refuse("expired_credentials", `The API key expired at ${row.expiresAt.toISOString()}.`);
  }
  if (!isAddressIn(address, row.cidrs)) {
    return refuse("ip_not_allowed", `The API key cannot be used from ${address ?? "an unknown address"}.`);
  }
  if (row.organizationState === "suspended") {
    return refuse("organization_suspended", "The organization is suspended. Ask the operator of this service.");
  }
  return ok(principalOf(row, address));
}

function principalOf(row: StoredApiKey, address: string | undefined): Principal {
  const { organizationId, organizationKind, scopes, memberId, projectIds, clusterIds } = row;
  const member = memberId === null || row.role === null ? undefined : { id: memberId, role: row.role };
  return {
    apiKeyId: row.apiKeyId,
    publicId: row.publicId,
    keyName: row.keyName,
    organizationId,
    organizationKind,
    member,
    permissions: effectivePermissions({
      scopes,
      kind: organizationKind,
      role: member?.role,
      isLimited: isLimited(row),
    }),
    reach: { organizationId, projectIds, clusterIds },
    cidrs: row.cidrs,
    expiresAt: row.expiresAt,
    address,
  };
}
