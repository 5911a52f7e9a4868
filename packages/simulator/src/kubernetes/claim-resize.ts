import { forbidden } from "./api-error.ts";
import type { Claim } from "./objects.ts";
import { nanoOf } from "./quantities.ts";
import { CLAIMS, STORAGE_CLASSES } from "./resources.ts";
import type { Store } from "./store.ts";

/** The PersistentVolumeClaimResize plugin: only bound claims of an expandable class may grow. */
export function enforceClaimResize(store: Store, after: Claim, before: Claim): void {
  const size = nanoOf(after.spec.resources?.requests?.storage);
  if (size <= nanoOf(before.spec.resources?.requests?.storage)) return;
  const { name } = after.metadata;
  if (before.status.phase !== "Bound")
    throw forbidden(CLAIMS, name, "Only bound persistent volume claims can be expanded");
  const className = before.spec.storageClassName ?? "";
  if (store.get(STORAGE_CLASSES, undefined, className)?.allowVolumeExpansion === true) return;
  throw forbidden(
    CLAIMS,
    name,
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
  );
}
