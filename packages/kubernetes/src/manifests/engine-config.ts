import { type EngineName, isMasterEligible, namespaceOf, type Role } from "@berth/domain";
import { stringify } from "yaml";
import type { ClusterManifestInput, ManifestComponent } from "./input.ts";

export const READINESS_PORT = 8080;

type Settings = Record<string, string | number | boolean | readonly string[]>;

/** Files of a component's ConfigMap: the engine's yml. Values in `${…}` are filled in by the engine from the pod's env. */
export function engineFilesOf(input: ClusterManifestInput, component: ManifestComponent): Record<string, string> {
  const settings = { ...staticSettingsOf(input.engine.engine, component), ...formationSettingsOf(input, component) };
  return { [`${input.engine.engine}.yml`]: stringify(settings, { lineWidth: 0, sortMapEntries: true }) };
}

/** Settings that take effect at a start alone and are part of the pod template's hash. */
export function staticSettingsOf(engine: EngineName, component: ManifestComponent): Settings {
  return engine === "elasticsearch" ? elasticsearchSettings(component) : openSearchSettings(component);
}

/**
 * Settings that are not part of the hash: the name, and the first masters, which stand there until the cluster has formed
 * and never again (a second bootstrap is a split brain).
 */
function formationSettingsOf(input: ClusterManifestInput, component: ManifestComponent): Settings {
  const settings: Settings = { "cluster.name": namespaceOf(input.clusterId) };
  if (input.initialMasters.length > 0 && isMasterEligible(component.roles)) {
    const word = input.engine.capabilities.managerWord;
    settings[`cluster.initial_${word}_nodes`] = [...input.initialMasters].sort();
  }
  return settings;
}

/** What both engines share: where they listen, how they find each other, which zone they are in. */
const COMMON: Settings = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the engine fills it in.
  "node.name": "${POD_NAME}",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the engine fills it in.
  "network.host": "${POD_IP}",
  "http.port": 9200,
  "transport.port": 9300,
  "discovery.seed_providers": "file",
  "discovery.seed_hosts": [],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the engine fills it in.
  "node.attr.zone": "${ZONE}",
  "cluster.routing.allocation.awareness.attributes": "zone",
};

function elasticsearchSettings(component: ManifestComponent): Settings {
  const tls = (layer: "transport" | "http"): Settings => ({
    [`xpack.security.${layer}.ssl.enabled`]: true,
    [`xpack.security.${layer}.ssl.key`]: "certs/tls.key",
    [`xpack.security.${layer}.ssl.certificate`]: "certs/tls.crt",
    [`xpack.security.${layer}.ssl.certificate_authorities`]: ["certs/ca.crt"],
  });
  return {
    ...COMMON,
    "node.roles": elasticsearchRoles(component.roles),
    "path.data": "/usr/share/elasticsearch/data",
    "path.logs": "/usr/share/elasticsearch/logs",
    "readiness.port": READINESS_PORT,
    "xpack.security.enabled": true,
    "xpack.security.autoconfiguration.enabled": false,
    "xpack.security.enrollment.enabled": false,
    // No built-in superuser with a password that somebody would have to keep.
    "xpack.security.authc.reserved_realm.enabled": false,
    ...tls("transport"),
    // Pods change their address; that the certificate is of this cluster's CA is what counts.
    "xpack.security.transport.ssl.verification_mode": "certificate",
    "xpack.security.transport.ssl.client_authentication": "required",
    ...tls("http"),
  };
}

function openSearchSettings(component: ManifestComponent): Settings {
  const tls = (layer: "transport" | "http"): Settings => ({
    [`plugins.security.ssl.${layer}.pemkey_filepath`]: "certs/tls.key",
    [`plugins.security.ssl.${layer}.pemcert_filepath`]: "certs/tls.crt",
    [`plugins.security.ssl.${layer}.pemtrustedcas_filepath`]: "certs/ca.crt",
  });
  return {
    ...COMMON,
    "node.roles": openSearchRoles(component.roles),
    "path.data": "/usr/share/opensearch/data",
    "path.logs": "/usr/share/opensearch/logs",
    ...tls("transport"),
    "plugins.security.ssl.transport.enforce_hostname_verification": false,
    "plugins.security.ssl.http.enabled": true,
    ...tls("http"),
    // A new certificate is served some seconds after its file changed; `ssl_cert_reload_enabled` only opens a call.
    "plugins.security.ssl.certificates_hot_reload.enabled": true,
    "plugins.security.audit.type": "noop",
    "plugins.security.allow_default_init_securityindex": true,
    "plugins.security.nodes_dn": [NODE_DN],
    "plugins.security.restapi.roles_enabled": ["berth_controller"],
    "plugins.security.system_indices.enabled": true,
  };
}

/**
 * Subject of the leaf that all pods of a cluster share: how OpenSearch tells its own nodes. Java writes a name's parts in
 * reverse, so the certificate is made with them turned round (tls.ts).
 */
export const NODE_DN = "CN=nodes,O=berth";

/** data_hot alone would have no place for new indices, which ask for the content tier: it gets both. */
function elasticsearchRoles(roles: readonly Role[]): string[] {
  const named = roles.filter((role) => role !== "coordinating");
  return (named.includes("data_hot") ? [...named, "data_content"] : [...named]).sort();
}

/** OpenSearch knows no tiers among its roles: every data role is `data`. */
function openSearchRoles(roles: readonly Role[]): string[] {
  const mapped = roles
    .filter((role) => role !== "coordinating")
    .map((role) => (role === "master" ? "cluster_manager" : role.startsWith("data") ? "data" : role));
  return [...new Set(mapped)].sort();
}
