import type { UpdatePoolBody } from "@berth/contract";
import { findKube, findPool, type OperatorDatabase, type PoolRow, updatePool as storeUpdate } from "@berth/db";
import { err, type OrganizationId, ok, type PoolId, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { checkPolicy, policyOf } from "./policy.ts";

/** Changes what a pool may launch from now on; machines that run are not touched. */
export function updatePool(
  deps: ApiDeps,
  db: OperatorDatabase,
  request: {
    readonly id: string;
    readonly body: UpdatePoolBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<PoolRow, Refusal>> {
  const { id, body, organizationId, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<PoolRow, Refusal>> => {
    const pool = await findPool(tx, id);
    const kube = pool === undefined ? undefined : await findKube(tx, pool.kubeId);
    if (kube === undefined) return err(NOT_FOUND);
    const checked = await checkPolicy(tx, kube, body);
    if (!checked.ok) return checked;
    const change = { id: id as PoolId, ...policyOf(body), organizationId, actor, requestId };
    const updated = await storeUpdate(tx, deps.ids, change);
    return updated === undefined ? err(NOT_FOUND) : ok(updated);
  });
}
