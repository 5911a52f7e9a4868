import { namespaceOf } from "@berth/domain";
import type { ConfigMap } from "@berth/ports";
import { hashOf } from "./hash.ts";
import { ANCHOR_NAME, type ClusterManifestInput, customerLabels, identityLabels } from "./input.ts";

/**
 * The anchor: owner of all else in the namespace but claims. It says what was asked for, so that a cluster can be told and
 * adopted after the database was restored.
 */
export function anchorManifest(input: ClusterManifestInput): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: ANCHOR_NAME,
      namespace: namespaceOf(input.clusterId),
      labels: { ...customerLabels(input.labels), ...identityLabels(input) },
    },
    data: {
      clusterId: input.clusterId,
      organizationId: input.organizationId,
      projectId: input.projectId,
      generation: String(input.generation),
      specHash: specHashOf(input),
    },
  };
}

/** Hash of what the customer asked for: engine, version and components. */
export function specHashOf(input: ClusterManifestInput): string {
  return hashOf({ engine: input.engine.engine, version: input.engine.version, components: input.components });
}
