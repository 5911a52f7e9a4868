import type { CreateApiKeyBody } from "@berth/contract";
import { type ApiKeyRow, appendAudit, insertApiKey, lockApiKeyQuota, type Tx } from "@berth/db";
import {
  type ClusterId,
  type Grant,
  isLimited,
  LIMITABLE_PERMISSIONS,
  ok,
  type Permission,
  type ProjectId,
  type Result,
} from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { NewApiKey } from "../http/api-key.ts";
import type { Principal } from "../http/authenticate.ts";
import { type Refusal, refuseField } from "../http/refusal.ts";
import { iso } from "../http/wire.ts";
import { admitOne } from "../quotas/admit.ts";
import {
  callerNow,
  canonical,
  checkGrant,
  checkLimits,
  DEFAULT_LIFE_MS,
  faultsOfExpiry,
  faultsOfScopes,
  inOrder,
  refuseFaults,
} from "./check-grant.ts";
import { storedKey } from "./stored-key.ts";

/** By default a key makes no others and no members: what it gives away is meant to be said. */
const NOT_BY_DEFAULT: readonly Permission[] = ["keys:write", "members:write"];

/** Makes a key that can no more than the caller's. One transaction, the caller's. */
export async function createApiKey(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly principal: Principal;
    readonly body: CreateApiKeyBody;
    readonly key: NewApiKey;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ApiKeyRow, Refusal>> {
  const { body, key, actor, requestId } = request;
  const { organizationId } = request.principal;
  const quota = await lockApiKeyQuota(tx, organizationId);
  const caller = await callerNow(deps, tx, request.principal, "keys:write");
  if (!caller.ok) return caller;
  if (body.personal === true && caller.value.member === undefined) {
    return refuseField("/personal", "no_member", "Your own key acts for no member.");
  }
  const now = deps.clock.now();
  const grant = grantOfBody(body, caller.value, now);
  if (grant.permissions.length === 0) {
    return refuseField("/scopes", "required", "Your key has nothing to give by default.");
  }
  const limits = await checkLimits(tx, organizationId, grant);
  const { expiresAt } = grant;
  const faults = [...faultsOfScopes(grant, body.scopes), ...limits.faults, ...faultsOfExpiry(expiresAt, now)];
  const valid = refuseFaults(faults);
  if (!valid.ok) return valid;
  const granted = checkGrant(grant, caller.value, limits.projectOf, body.scopes);
  if (!granted.ok) return granted;
  const admitted = admitOne("apiKeys", quota);
  if (!admitted.ok) return admitted;

  const id = deps.ids.next("apiKey");
  const { memberId, projectIds, clusterIds, cidrs, permissions: scopes } = grant;
  const { publicId, secretHash } = key;
  const settings = { name: body.name, scopes, projectIds, clusterIds, cidrs };
  const member = memberId === undefined ? {} : { memberId };
  const row = { id, organizationId, publicId, secretHash, ...settings, ...member, expiresAt, createdBy: actor };
  await insertApiKey(tx, row);
  await appendAudit(tx, deps.ids, {
    organizationId,
    actor,
    requestId,
    action: "api_key.create",
    targetType: "api_key",
    targetId: id,
    data: { ...settings, ...member, expiresAt: iso(expiresAt) },
  });
  return ok(await storedKey(tx, organizationId, id));
}

function grantOfBody(body: CreateApiKeyBody, caller: Principal, now: Date): Grant & { readonly expiresAt: Date } {
  const reach = reachOf(body);
  const isPersonal = body.personal ?? caller.member !== undefined;
  const byDefault = caller.permissions.filter(
    (one) => !NOT_BY_DEFAULT.includes(one) && (!isLimited(reach) || LIMITABLE_PERMISSIONS.includes(one)),
  );
  return {
    permissions: body.scopes === undefined ? byDefault : inOrder(body.scopes),
    memberId: isPersonal ? caller.member?.id : undefined,
    ...reach,
    cidrs: canonical(body.cidrs ?? []),
    expiresAt: body.expires_at === undefined ? defaultEnd(caller, now) : new Date(body.expires_at),
  };
}

function defaultEnd({ expiresAt }: Principal, now: Date): Date {
  const end = now.getTime() + DEFAULT_LIFE_MS;
  return new Date(Math.min(end, expiresAt?.getTime() ?? end));
}

/** The ids were checked for their form by the contract. */
function reachOf(body: CreateApiKeyBody) {
  return {
    projectIds: (body.project_ids ?? []) as readonly string[] as readonly ProjectId[],
    clusterIds: (body.cluster_ids ?? []) as readonly string[] as readonly ClusterId[],
  };
}
