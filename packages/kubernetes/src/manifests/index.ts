import type { ClusterHealth } from "@berth/domain";
import type { KubernetesObject } from "@berth/ports";
import { budgetManifest } from "./budget.ts";
import { componentConfigManifest, seedHostsManifest } from "./config-maps.ts";
import type { Anchor, ClusterManifestInput } from "./input.ts";
import { networkPolicyManifests } from "./network-policies.ts";
import { quotaManifest } from "./quota.ts";
import { tlsSecretManifest, usersSecretManifest } from "./secrets.ts";
import { httpServiceManifest, nodesServiceManifest } from "./services.ts";
import { statefulSetManifest } from "./stateful-set.ts";

export { anchorManifest, specHashOf } from "./anchor.ts";
export { budgetManifest } from "./budget.ts";
export {
  componentConfigManifest,
  configMapNameOf,
  SEED_HOSTS,
  SEED_HOSTS_FILE,
  seedHostsManifest,
} from "./config-maps.ts";
export { NODE_DN, READINESS_PORT } from "./engine-config.ts";
export {
  ANCHOR_NAME,
  type Anchor,
  type ClusterManifestInput,
  customerLabels,
  type ManifestComponent,
  type NetworkPeer,
} from "./input.ts";
export { namespaceManifest } from "./namespace.ts";
export { HTTP_PORT, networkPolicyManifests, TRANSPORT_PORT } from "./network-policies.ts";
export { quotaManifest } from "./quota.ts";
export { TLS_SECRET, tlsSecretManifest, USERS_SECRET, usersSecretManifest } from "./secrets.ts";
export { HTTP_SERVICE, httpServiceManifest, NODES_SERVICE, nodesServiceManifest } from "./services.ts";
export { ENGINE_CONTAINER, statefulSetManifest, TEMPLATE_HASH, templateHashOf } from "./stateful-set.ts";
export { EBS_PARAMETERS, type StorageClassInput, storageClassManifest } from "./storage-class.ts";

/**
 * All objects of a cluster that its anchor owns, in the order in which they are applied: walls first, pods last, so that
 * no pod ever runs without its quota, policies and secrets. Namespace and anchor go before them.
 */
export function ownedManifests(input: ClusterManifestInput, anchor: Anchor, health: ClusterHealth): KubernetesObject[] {
  return [
    quotaManifest(input, anchor),
    ...networkPolicyManifests(input, anchor),
    tlsSecretManifest(input, anchor),
    usersSecretManifest(input, anchor),
    seedHostsManifest(input, anchor),
    ...input.components.map((component) => componentConfigManifest(input, anchor, component)),
    nodesServiceManifest(input, anchor),
    httpServiceManifest(input, anchor),
    ...input.components.map((component) => budgetManifest(input, anchor, component, health)),
    ...input.components.map((component) => statefulSetManifest(input, anchor, component)),
  ];
}
