import type { CreatePoolBody } from "@berth/contract";
import { findKube, insertPool, isPoolNameTaken, type PoolRow, type PrismaTx } from "@berth/db";
import { type KubeId, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, RefusalError, refuse, refuseField } from "../http/refusal.ts";
import { checkPolicy, policyOf } from "./policy.ts";

/** Makes a pool; what waits for machines in its kube is looked at again at once. One transaction, the caller's. */
export async function createPool(
  deps: ApiDeps,
  tx: PrismaTx,
  request: {
    readonly body: CreatePoolBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<PoolRow, Refusal>> {
  const { body, organizationId, actor, requestId } = request;
  const kube = await findKube(tx, body.kube_id);
  if (kube === undefined) return refuseField("/kube_id", "unknown_kube", "There is no such kube.");
  const checked = await checkPolicy(tx, kube, body);
  if (!checked.ok) return checked;
  const kubeId = body.kube_id as KubeId;
  const id = deps.ids.next("pool");
  try {
    const pool = { id, kubeId, name: body.name, ...policyOf(body), organizationId, actor, requestId };
    const inserted = await insertPool(tx, deps.ids, pool);
    return inserted === undefined ? nameTaken(body.name) : ok(inserted);
  } catch (error) {
    // Somebody took the name between the look and the insert; the transaction is lost, so the refusal is thrown.
    if (isPoolNameTaken(error)) throw new RefusalError(nameTaken(body.name).error);
    throw error;
  }
}

function nameTaken(name: string) {
  const detail = `The kube has a pool named ${name} already.`;
  return refuse("name_taken", detail, { errors: [{ pointer: "/name", code: "name_taken", detail }] });
}
