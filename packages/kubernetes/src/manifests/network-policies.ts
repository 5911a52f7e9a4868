import { LABELS } from "@berth/domain";
import type { PlainObject } from "@berth/ports";
import { type Anchor, type ClusterManifestInput, identityLabels, type NetworkPeer, ownedMeta } from "./input.ts";

export const HTTP_PORT = 9200;
export const TRANSPORT_PORT = 9300;

type Rule = Readonly<Record<string, unknown>>;

/**
 * Nothing in or out, then one named exception each. The names are what an operator reads when a connection fails.
 *
 * No exception leads to the link-local addresses (the cloud's metadata), the API server, our Postgres or other tenants.
 * An empty peer list would mean "everybody" in Kubernetes, so a policy without peers is not made at all.
 */
export function networkPolicyManifests(input: ClusterManifestInput, anchor: Anchor): PlainObject[] {
  const everyPod = { podSelector: { matchLabels: { [LABELS.cluster]: input.clusterId } } };
  const policy = (name: string, spec: Rule): PlainObject => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: ownedMeta(input, anchor, name),
    spec: { podSelector: {}, ...spec },
  });

  const policies = [
    policy("default-deny", { policyTypes: ["Ingress", "Egress"] }),
    policy("allow-transport-within-cluster", {
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [everyPod], ports: tcp(TRANSPORT_PORT) }],
      egress: [{ to: [everyPod], ports: tcp(TRANSPORT_PORT) }],
    }),
    policy("allow-dns", {
      policyTypes: ["Egress"],
      egress: [{ to: [DNS], ports: [{ protocol: "UDP", port: 53 }, ...tcp(53)] }],
    }),
  ];
  if (input.gatewayAccess.length > 0) {
    const ingress = [{ from: input.gatewayAccess.map(peerOf), ports: tcp(HTTP_PORT) }];
    policies.push(
      policy("allow-http-from-gateway", {
        podSelector: { matchLabels: { ...selectorOf(input), [LABELS.servesClients]: "true" } },
        policyTypes: ["Ingress"],
        ingress,
      }),
    );
  }
  if (input.workerAccess.length > 0) {
    const ingress = [{ from: input.workerAccess.map(peerOf), ports: tcp(HTTP_PORT) }];
    policies.push(policy("allow-http-from-worker", { policyTypes: ["Ingress"], ingress }));
  }
  if (input.snapshotAccess.length > 0) {
    const egress = [{ to: input.snapshotAccess.map(peerOf), ports: tcp(443) }];
    policies.push(policy("allow-snapshot-egress", { policyTypes: ["Egress"], egress }));
  }
  return policies;
}

/** Selector of all pods of the cluster. */
export function selectorOf(input: ClusterManifestInput): Record<string, string> {
  return { [LABELS.cluster]: identityLabels(input)[LABELS.cluster] ?? "" };
}

const DNS = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

function tcp(port: number): Rule[] {
  return [{ protocol: "TCP", port }];
}

/** The cloud's metadata address is cut out of every address range that holds it, however wide an operator drew it. */
const METADATA = "169.254.0.0/16";

function peerOf(peer: NetworkPeer): Rule {
  if (peer.cidr !== undefined) {
    return { ipBlock: { cidr: peer.cidr, ...(holdsMetadata(peer.cidr) ? { except: [METADATA] } : {}) } };
  }
  if (peer.namespaceLabels === undefined) throw new TypeError("a peer names a namespace by labels, or addresses");
  return {
    namespaceSelector: { matchLabels: peer.namespaceLabels },
    ...(peer.podLabels === undefined ? {} : { podSelector: { matchLabels: peer.podLabels } }),
  };
}

function holdsMetadata(cidr: string): boolean {
  const match = /^(\d+)\.(\d+)\.\d+\.\d+\/(\d+)$/.exec(cidr);
  if (match === null) return false;
  const bits = Number(match[3]);
  const network = Number(match[1]) * 256 + Number(match[2]);
  // Kubernetes wants an exception strictly inside its range, so the range itself (/16) cannot have it.
  return bits < 16 && network >> (16 - bits) === (169 * 256 + 254) >> (16 - bits);
}
