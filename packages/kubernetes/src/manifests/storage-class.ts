import { LABELS, MANAGED_BY } from "@berth/domain";
import type { PlainObject } from "@berth/ports";

export interface StorageClassInput {
  readonly name: string;
  /** CSI driver, `ebs.csi.aws.com`. */
  readonly provisioner: string;
  readonly reclaim: "Retain" | "Delete";
  readonly parameters: Readonly<Record<string, string>>;
}

/** Parameters of the EBS driver: gp3, encrypted. */
export const EBS_PARAMETERS = { type: "gp3", encrypted: "true" } as const;

/**
 * A kube's class for engine volumes: bound where the pod lands, growable, and kept when the claim goes, so that a deleted
 * claim is not yet lost data. A class cannot be changed: another one needs another name.
 */
export function storageClassManifest(input: StorageClassInput): PlainObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: input.name, labels: { [LABELS.managedBy]: MANAGED_BY } },
    provisioner: input.provisioner,
    reclaimPolicy: input.reclaim,
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
    parameters: input.parameters,
  };
}
