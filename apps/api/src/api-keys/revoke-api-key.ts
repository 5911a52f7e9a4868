import {
  type ApiKeyRow,
  appendAudit,
  lockApiKey,
  type ScopedDatabase,
  revokeApiKey as storeRevocation,
} from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { storedKey } from "./stored-key.ts";

/** Ends a key for good. It may be more than the caller's: ending gives nobody anything. Asked again, it changes nothing. */
export function revokeApiKey(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly keyId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ApiKeyRow, Refusal>> {
  const { organizationId, keyId, ifMatch, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<ApiKeyRow, Refusal>> => {
    const key = await lockApiKey(tx, organizationId, keyId);
    if (key === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, key.generation)) return changedMeanwhile("key");
    if (key.state === "revoked") return ok(key);
    await storeRevocation(tx, organizationId, key.id);
    await appendAudit(tx, deps.ids, {
      organizationId,
      actor,
      requestId,
      action: "api_key.revoke",
      targetType: "api_key",
      targetId: key.id,
      data: { before: { state: key.state }, after: { state: "revoked" } },
    });
    return ok(await storedKey(tx, organizationId, key.id));
  });
}
