import {
  type ApiKeyRow,
  appendAudit,
  insertApiKey,
  lockApiKey,
  lockApiKeyQuota,
  retireApiKey,
  revokeApiKey,
  type Tx,
} from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { NewApiKey } from "../http/api-key.ts";
import type { Principal } from "../http/authenticate.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { iso } from "../http/wire.ts";
import { admitOne } from "../quotas/admit.ts";
import { callerNow, checkGrant, checkLimits, grantOfRow, MAX_LIFE_MS } from "./check-grant.ts";
import { storedKey } from "./stored-key.ts";

/**
 * Makes a key in the place of another: the same settings, another secret and a new life. The old one goes on for the overlap,
 * never for longer than it would have. One transaction, the caller's.
 *
 * A key that rotates itself renews what it has. A personal one always may: it ends when its member leaves. A stolen key of
 * the organization's own would else live for ever. Rotating another key is making one, so it must be within the caller's.
 */
export async function rotateApiKey(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly principal: Principal;
    readonly keyId: string;
    readonly overlapSeconds: number;
    readonly key: NewApiKey;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<{ readonly successor: ApiKeyRow; readonly previous: ApiKeyRow }, Refusal>> {
  const { keyId, overlapSeconds, key, actor, requestId } = request;
  const { organizationId } = request.principal;
  const quota = await lockApiKeyQuota(tx, organizationId);
  const old = await lockApiKey(tx, organizationId, keyId);
  if (old === undefined) return err(NOT_FOUND);
  const isItself = old.id === request.principal.apiKeyId;
  const isPersonal = request.principal.member !== undefined;
  const caller = await callerNow(deps, tx, request.principal, isItself && isPersonal ? undefined : "keys:write");
  if (!caller.ok) return caller;
  if (old.state === "revoked") return refuse("invalid_state", "The key is revoked. Make a new one.");

  const now = deps.clock.now();
  const expiresAt = endOfSuccessor(old, now, isItself ? null : caller.value.expiresAt);
  if (!isItself) {
    const grant = { ...grantOfRow(old), expiresAt };
    const { projectOf } = await checkLimits(tx, organizationId, grant, grant);
    const granted = checkGrant(grant, caller.value, projectOf);
    if (!granted.ok) return withoutPointers(granted.error);
  }
  // With an overlap, both work for a while; without, no room is needed.
  const used = quota.used - (old.state === "active" && overlapSeconds === 0 ? 1 : 0);
  const admitted = admitOne("apiKeys", { limit: quota.limit, used });
  if (!admitted.ok) return admitted;

  if (overlapSeconds === 0) await revokeApiKey(tx, organizationId, old.id);
  else await retireApiKey(tx, organizationId, old.id, new Date(now.getTime() + overlapSeconds * 1000));
  const id = deps.ids.next("apiKey");
  const { name, scopes, memberId, projectIds, clusterIds, cidrs } = old;
  const member = memberId === null ? {} : { memberId };
  const settings = { name, scopes, projectIds, clusterIds, cidrs, ...member };
  const { publicId, secretHash } = key;
  const lineage = { rotatedFrom: old.id, createdBy: actor };
  await insertApiKey(tx, { id, organizationId, publicId, secretHash, ...settings, expiresAt, ...lineage });
  await appendAudit(tx, deps.ids, {
    organizationId,
    actor,
    requestId,
    action: "api_key.rotate",
    targetType: "api_key",
    targetId: old.id,
    data: { successorId: id, overlapSeconds, expiresAt: iso(expiresAt) },
  });
  const [successor, previous] = [await storedKey(tx, organizationId, id), await storedKey(tx, organizationId, old.id)];
  return ok({ successor, previous });
}

/** A life as long as the old one's, at most a year; never beyond `latest`. */
function endOfSuccessor(old: ApiKeyRow, now: Date, latest: Date | null): Date {
  const lifeMs = (old.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - old.createdAt.getTime();
  const end = now.getTime() + Math.min(Math.max(lifeMs, 0), MAX_LIFE_MS);
  return new Date(Math.min(end, latest?.getTime() ?? end));
}

/** What is beyond the caller is in the key that is rotated, not in the body: there is no place to point at. */
function withoutPointers({ errors = [], ...refusal }: Refusal) {
  return err<Refusal>({ ...refusal, errors: errors.map((fault) => ({ ...fault, pointer: "" })) });
}
