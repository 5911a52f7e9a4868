import type { UpdateApiKeyBody } from "@berth/contract";
import {
  type ApiKeyRow,
  type ApiKeySettings,
  appendAudit,
  lockApiKey,
  type ScopedDatabase,
  updateApiKey as storeUpdate,
} from "@berth/db";
import { type ClusterId, err, findExcess, ok, type ProjectId, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { Principal } from "../http/authenticate.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import {
  callerNow,
  canonical,
  checkGrant,
  checkLimits,
  faultsOfExpiry,
  faultsOfScopes,
  grantOfRow,
  inOrder,
  refuseFaults,
} from "./check-grant.ts";
import { storedKey } from "./stored-key.ts";

/**
 * Changes a key's settings. Narrowing and renaming ask for keys:write alone. What makes the key more than it was is a grant of
 * the whole key: else somebody could give a longer life, or another network, to what they could not have made.
 */
export function updateApiKey(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly principal: Principal;
    readonly keyId: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdateApiKeyBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ApiKeyRow, Refusal>> {
  const { keyId, ifMatch, body, actor, requestId } = request;
  const { organizationId } = request.principal;
  return db.transaction(async (tx): Promise<Result<ApiKeyRow, Refusal>> => {
    const key = await lockApiKey(tx, organizationId, keyId);
    if (key === undefined) return err(NOT_FOUND);
    const caller = await callerNow(deps, tx, request.principal, "keys:write");
    if (!caller.ok) return caller;
    if (key.state === "revoked") return refuse("invalid_state", "The key is revoked.");
    if (!mayChange(ifMatch, key.generation)) return changedMeanwhile("key");

    const settings = settingsOf(key, body);
    const [before, after] = [grantOfRow(key), grantOfRow({ ...key, ...settings })];
    const limits = await checkLimits(tx, organizationId, after, before);
    const changesAccess = body.scopes ?? body.project_ids ?? body.cluster_ids;
    const valid = refuseFaults([
      ...(changesAccess === undefined ? [] : faultsOfScopes(after, body.scopes)),
      ...limits.faults,
      ...(body.expires_at === undefined ? [] : faultsOfExpiry(new Date(body.expires_at), deps.clock.now())),
    ]);
    if (!valid.ok) return valid;
    if (findExcess(after, before, limits.projectOf).length > 0) {
      const granted = checkGrant(after, caller.value, limits.projectOf, body.scopes);
      if (!granted.ok) return granted;
    }

    const changed = changesOf(key, settings);
    if (changed === undefined) return ok(key); // A change of nothing is no change: the generation stays.
    await storeUpdate(tx, { organizationId, id: key.id, ...settings });
    await appendAudit(tx, deps.ids, {
      organizationId,
      actor,
      requestId,
      action: "api_key.update",
      targetType: "api_key",
      targetId: key.id,
      data: changed,
    });
    return ok(await storedKey(tx, organizationId, key.id));
  });
}

/** The ids were checked for their form by the contract. */
function settingsOf(key: ApiKeyRow, body: UpdateApiKeyBody): ApiKeySettings {
  return {
    name: body.name ?? key.name,
    scopes: body.scopes === undefined ? key.scopes : inOrder(body.scopes),
    projectIds: (body.project_ids as readonly string[] as readonly ProjectId[] | undefined) ?? key.projectIds,
    clusterIds: (body.cluster_ids as readonly string[] as readonly ClusterId[] | undefined) ?? key.clusterIds,
    cidrs: body.cidrs === undefined ? key.cidrs : canonical(body.cidrs),
    expiresAt: body.expires_at === undefined ? key.expiresAt : new Date(body.expires_at),
  };
}

/** The fields that differ, as they were and as they are. Undefined when none does. */
function changesOf(key: ApiKeyRow, settings: ApiKeySettings) {
  const differing = (Object.keys(settings) as (keyof ApiKeySettings)[]).filter(
    (field) => JSON.stringify(key[field]) !== JSON.stringify(settings[field]),
  );
  if (differing.length === 0) return undefined;
  const pick = (from: ApiKeySettings) => Object.fromEntries(differing.map((field) => [field, from[field]]));
  return { before: pick(key), after: pick(settings) };
}
