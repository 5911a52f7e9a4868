import type { ConfigMap } from "@berth/ports";
import { engineFilesOf } from "./engine-config.ts";
import { type Anchor, type ClusterManifestInput, type ManifestComponent, ownedMeta } from "./input.ts";

export const SEED_HOSTS = "seed-hosts";
export const SEED_HOSTS_FILE = "unicast_hosts.txt";

export function configMapNameOf(component: ManifestComponent): string {
  return `${component.name}-config`;
}

/** The engine's own files of one component. Read at start, by the init container: a change needs a restart to be seen. */
export function componentConfigManifest(
  input: ClusterManifestInput,
  anchor: Anchor,
  component: ManifestComponent,
): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: ownedMeta(input, anchor, configMapNameOf(component)),
    data: engineFilesOf(input, component),
  };
}

/** Addresses of the masters, one a line. Mounted live: the engine reads the file again at each discovery round. */
export function seedHostsManifest(input: ClusterManifestInput, anchor: Anchor): ConfigMap {
  const lines = [...input.seedAddresses].sort().map((address) => `${address}\n`);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: ownedMeta(input, anchor, SEED_HOSTS),
    data: { [SEED_HOSTS_FILE]: lines.join("") },
  };
}
