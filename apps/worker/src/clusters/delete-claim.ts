import { isPortError } from "@berth/ports";
import { type EffectContext, type ReadOnlyKubernetes, runEffect } from "../effects.ts";

/** What it takes to change something in one namespace. */
export interface NamespaceContext extends EffectContext {
  readonly kubernetes: ReadOnlyKubernetes;
  readonly namespace: string;
}

/**
 * Deletes a claim for good: its volume is switched to reclaim Delete first, so that nothing of the data is left behind.
 * `as` is what its effects' names begin with.
 */
export async function deleteClaim(
  context: NamespaceContext,
  as: string,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<void> {
  const { kubernetes, namespace } = context;
  const claim = await kubernetes.read("PersistentVolumeClaim", { namespace, name });
  if (claim === undefined || claim.metadata.uid !== uid) return;
  const volumeName = claim.spec.volumeName;
  const volume = volumeName === undefined ? undefined : await kubernetes.read("PersistentVolume", { name: volumeName });
  if (
    volume !== undefined &&
    volume.spec.claimRef?.uid === uid &&
    volume.spec.persistentVolumeReclaimPolicy !== "Delete"
  ) {
    await runEffect(context, `${as}.release_volume`, kubernetes, (kubernetes) =>
      kubernetes.patch("PersistentVolume", { name: volume.metadata.name }, [
        { op: "test", path: "/metadata/uid", value: volume.metadata.uid },
        { op: "test", path: "/spec/claimRef/uid", value: uid },
        { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
      ]),
    );
  }
  try {
    await runEffect(context, `${as}.delete_claim`, kubernetes, (kubernetes) =>
      kubernetes.delete("PersistentVolumeClaim", { namespace, name }, { uid, propagation: "Background" }),
    );
  } catch (error) {
    if (!isPortError(error, "conflict")) throw error; // Another claim has the name by now: it is looked at next time.
  }
}
