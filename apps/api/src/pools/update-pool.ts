import type { UpdatePoolBody } from "@berth/contract";
import { findKube, lockPool, type OperatorDatabase, type PoolRow, updatePool as storeUpdate } from "@berth/db";
import { err, type OrganizationId, ok, type PoolId, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { checkPolicy, policyOf } from "./policy.ts";

/** Changes what a pool may launch from now on; machines that run are not touched. */
export function updatePool(
  deps: ApiDeps,
  db: OperatorDatabase,
  request: {
    readonly id: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdatePoolBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<PoolRow, Refusal>> {
  const { id, ifMatch, body, organizationId, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<PoolRow, Refusal>> => {
    const pool = await lockPool(tx, id);
    const kube = pool === undefined ? undefined : await findKube(tx, pool.kubeId);
    if (pool === undefined || kube === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, pool.generation)) return changedMeanwhile("pool");
    const checked = await checkPolicy(tx, kube, body);
    if (!checked.ok) return checked;
    const change = { id: id as PoolId, ...policyOf(body), organizationId, actor, requestId };
    return ok(await storeUpdate(tx, deps.ids, change));
  });
}
