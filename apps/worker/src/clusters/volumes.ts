import type { JsonPatchOperation, PersistentVolume } from "@berth/ports";
import { runEffect } from "../effects.ts";
import type { ExecuteContext } from "./execute.ts";

/** A uid that no object has. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

/**
 * Gives a volume back: without the uid of the claim that is gone it is bound by the next claim of that name, which Berth or
 * the StatefulSet controller makes. Only one that is kept and that Kubernetes itself calls released.
 */
export async function rebindVolume(context: ExecuteContext, volume: VolumeOfClaim): Promise<void> {
  await patchVolume(context, "clusters.rebind_volume", volume, [
    { op: "test", path: "/spec/persistentVolumeReclaimPolicy", value: "Retain" },
    { op: "test", path: "/status/phase", value: "Released" },
    { op: "remove", path: "/spec/claimRef/uid" },
  ]);
}

/**
 * Deletes a volume without a claim, with its disk: switched to reclaim Delete, it is for its driver to remove. One that is
 * reserved for a claim that never came would be kept for it, so it is made that of a claim that is gone.
 */
export async function deleteVolume(context: ExecuteContext, volume: VolumeOfClaim): Promise<void> {
  await patchVolume(context, "clusters.delete_volume", volume, [
    ...(volume.claimUid === undefined ? [{ op: "add", path: "/spec/claimRef/uid", value: NOBODY } as const] : []),
    { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
  ]);
}

interface VolumeOfClaim {
  readonly name: string;
  readonly uid: string;
  readonly claimUid: string | undefined;
}

/** Of a volume that is still the one that was seen, and still of this cluster's namespace and of that claim. */
function patchVolume(
  context: ExecuteContext,
  effect: string,
  { name, uid, claimUid }: VolumeOfClaim,
  operations: readonly JsonPatchOperation[],
): Promise<PersistentVolume> {
  return runEffect(context, effect, context.kubernetes, (kubernetes) =>
    kubernetes.patch("PersistentVolume", { name }, [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/spec/claimRef/namespace", value: context.namespace },
      ...(claimUid === undefined ? [] : [{ op: "test", path: "/spec/claimRef/uid", value: claimUid } as const]),
      ...operations,
    ]),
  );
}
