import { type ClusterHealth, holdsData } from "@berth/domain";
import type { PlainObject } from "@berth/ports";
import { type Anchor, type ClusterManifestInput, type ManifestComponent, ownedMeta } from "./input.ts";
import { componentSelector } from "./stateful-set.ts";

/**
 * Disruptions that others may cause to a component, as far as the cluster's health bears one.
 *
 * One budget a component, disjoint (a pod in two cannot be evicted at all): data components bear one while green, others
 * while green or yellow, none while red or unknown. A cluster of one instance bears one while it works: it has nothing to
 * wait for. Pods that are not ready may always be evicted until the cluster has formed, and where they hold no shards;
 * else a sick pod may be the one that holds the only copy.
 */
export function budgetManifest(
  input: ClusterManifestInput,
  anchor: Anchor,
  component: ManifestComponent,
  health: ClusterHealth,
): PlainObject {
  const formed = input.initialMasters.length === 0;
  const alwaysAllow = !formed || !holdsData(component.roles);
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: ownedMeta(input, anchor, component.name),
    spec: {
      maxUnavailable: bearsDisruption(input, component, health) ? 1 : 0,
      selector: { matchLabels: componentSelector(input, component) },
      unhealthyPodEvictionPolicy: alwaysAllow ? "AlwaysAllow" : "IfHealthyBudget",
    },
  };
}

function bearsDisruption(input: ClusterManifestInput, component: ManifestComponent, health: ClusterHealth): boolean {
  if (health === "green") return true;
  if (health !== "yellow") return false;
  const instances = input.components.reduce((total, other) => total + other.instances, 0);
  return instances === 1 || !holdsData(component.roles);
}
