import { LABELS, namespaceOf } from "@berth/domain";
import type { Namespace } from "@berth/ports";
import { type ClusterManifestInput, customerLabels, identityLabels } from "./input.ts";

/** The cluster's namespace: one a cluster, with the strictest built-in rules for what may run in it. */
export function namespaceManifest(input: ClusterManifestInput): Namespace {
  const podSecurity = Object.fromEntries(
    ["enforce", "audit", "warn"].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, "restricted"],
      [`pod-security.kubernetes.io/${mode}-version`, "latest"],
    ]),
  );
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespaceOf(input.clusterId),
      labels: {
        ...customerLabels(input.labels),
        ...identityLabels(input),
        [LABELS.environment]: input.environment,
        ...podSecurity,
      },
    },
  };
}
