import { parse } from "yaml";
import { findText, settingFlag } from "../model/settings.ts";
import { type ClusterState, type EngineWorld, memberProcess } from "../model/state.ts";
import { isInitialized } from "./authenticate.ts";
import { putSystemDocument } from "./system-index.ts";

const FILES = {
  "internal_users.yml": "internalusers",
  "roles.yml": "roles",
  "roles_mapping.yml": "rolesmapping",
} as const;

/** What the plugin maps when no file says otherwise. */
const DEFAULT_MAPPINGS = { all_access: { backend_roles: ["admin"] } };

/**
 * Fills OpenSearch's security index from the mounted YAML files once, when
 * `plugins.security.allow_default_init_securityindex` is on and a node that can hold data is there. The files are not
 * looked at again after that, as in the real plugin.
 */
export function initializeOpenSearchSecurity(world: EngineWorld, cluster: ClusterState): void {
  if (cluster.engine !== "opensearch" || cluster.masterNodeId === null || isInitialized(cluster)) return;
  const master = memberProcess(world, cluster, cluster.masterNodeId);
  if (master === undefined || !master.config.security) return;
  if (!settingFlag(master.config.settings, "plugins.security.allow_default_init_securityindex", false)) return;
  const hasData = Object.keys(cluster.members).some(
    (nodeId) => memberProcess(world, cluster, nodeId)?.config.holdsData === true,
  );
  if (!hasData) return;

  for (const [file, kind] of Object.entries(FILES)) {
    const content: unknown = parse(findText(master.pod.files, file) ?? "") ?? {};
    const defaults = kind === "rolesmapping" ? DEFAULT_MAPPINGS : {};
    for (const [name, source] of Object.entries({ ...defaults, ...(content as Record<string, object>) })) {
      if (name !== "_meta") putSystemDocument(world, cluster, `${kind}/${name}`, source as Record<string, unknown>);
    }
  }
}
