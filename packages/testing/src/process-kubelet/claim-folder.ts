import { mkdirSync } from "node:fs";
import type { ApiClient } from "./api-client.ts";
import type { Claim, PersistentVolume } from "./objects.ts";

/** The attribute of a CSI volume that names its folder on this machine (see volume-provisioner.ts). */
export const FOLDER_ATTRIBUTE = "berth.dev/folder";

/**
 * The folder behind a claim. It belongs to the volume: it outlives pods and nodes.
 *
 * Refuses while the claim is not bound, and for volumes that are no folders.
 */
export async function claimFolder(api: ApiClient, namespace: string, name: string): Promise<string> {
  const claim = await api.get<Claim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`);
  if (claim.status?.phase !== "Bound" || claim.spec.volumeName === undefined) {
    throw new Error(`the claim ${name} is not bound`);
  }
  const volume = await api.get<PersistentVolume>(`/api/v1/persistentvolumes/${claim.spec.volumeName}`);
  const { csi, local, hostPath } = volume.spec;
  const folder = csi?.volumeAttributes?.[FOLDER_ATTRIBUTE] ?? local?.path ?? hostPath?.path;
  if (folder === undefined) throw new Error(`the volume ${volume.metadata.name} is no folder`);
  mkdirSync(folder, { recursive: true });
  return folder;
}
