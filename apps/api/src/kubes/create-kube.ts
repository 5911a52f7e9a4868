import type { CreateKubeBody } from "@berth/contract";
import { findKube, insertKube, type KubeRow, type PrismaTx, type SealedSecret, sealSecret } from "@berth/db";
import { type KubeId, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, refuse, refuseField } from "../http/refusal.ts";

/** A kube whose kubeconfig was read and sealed: nothing of that may wait inside a transaction. */
export interface CheckedKube {
  readonly id: KubeId;
  readonly apiServerUrl: string;
  readonly kubeconfig: SealedSecret;
}

/** Reads the kubeconfig as far as it can be read without asking anybody: whether it works, its first look will show. */
export async function checkKube(deps: ApiDeps, body: CreateKubeBody): Promise<Result<CheckedKube, Refusal>> {
  const twice = body.zones.findIndex((zone, index) => body.zones.indexOf(zone) !== index);
  if (twice >= 0) return refuseField(`/zones/${twice}`, "duplicate", "The zone is in the list already.");
  const parsed = deps.parseKubeconfig(body.kubeconfig);
  if (!parsed.ok) return refuseField("/kubeconfig", parsed.error.fault, parsed.error.detail);
  const id = deps.ids.next("kube");
  const kubeconfig = await sealSecret(deps.envelope, `kube/${id}`, "kubeconfig", body.kubeconfig);
  return ok({ id, apiServerUrl: parsed.value.server, kubeconfig });
}

/** Registers a kube; the placement loop looks at it as soon as this is committed. One transaction, the caller's. */
export async function createKube(
  deps: ApiDeps,
  tx: PrismaTx,
  checked: CheckedKube,
  request: {
    readonly body: CreateKubeBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<KubeRow, Refusal>> {
  const { body, organizationId, actor, requestId } = request;
  const inserted = await insertKube(tx, deps.ids, {
    ...checked,
    name: body.name,
    region: body.region,
    zones: body.zones,
    isStatic: body.static ?? false,
    simulated: body.simulated ?? false,
    storageClass: body.storage_class ?? "gp3",
    organizationId,
    actor,
    requestId,
  });
  if (!inserted) {
    const detail = `There is a kube named ${body.name} already.`;
    return refuse("name_taken", detail, { errors: [{ pointer: "/name", code: "name_taken", detail }] });
  }
  const kube = await findKube(tx, checked.id);
  if (kube === undefined) throw new Error(`${checked.id} was stored a moment ago`);
  return ok(kube);
}
