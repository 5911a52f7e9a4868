import { LABELS } from "@berth/domain";
import type { PlainObject } from "@berth/ports";
import { type Anchor, type ClusterManifestInput, ownedMeta } from "./input.ts";
import { HTTP_PORT, selectorOf, TRANSPORT_PORT } from "./network-policies.ts";

export const NODES_SERVICE = "nodes";
export const HTTP_SERVICE = "http";

/**
 * Names of the pods among themselves. Addresses that are not ready are published too: masters that wait for each other are
 * never ready before they met (opensearch-k8s-operator #289).
 */
export function nodesServiceManifest(input: ClusterManifestInput, anchor: Anchor): PlainObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: ownedMeta(input, anchor, NODES_SERVICE),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: selectorOf(input),
      ports: [{ name: "transport", protocol: "TCP", port: TRANSPORT_PORT, targetPort: TRANSPORT_PORT }],
    },
  };
}

/** Where clients are led: ready instances, dedicated masters left out. */
export function httpServiceManifest(input: ClusterManifestInput, anchor: Anchor): PlainObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: ownedMeta(input, anchor, HTTP_SERVICE),
    spec: {
      type: "ClusterIP",
      selector: { ...selectorOf(input), [LABELS.servesClients]: "true" },
      ports: [{ name: "https", protocol: "TCP", port: HTTP_PORT, targetPort: HTTP_PORT, appProtocol: "https" }],
    },
  };
}
