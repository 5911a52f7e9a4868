import { stringify } from "yaml";
import type { KeyPair } from "./certificates.ts";

/** A kubeconfig with everything inline: what an operator would give us for a kube. */
export function kubeconfigYaml(server: string, caCertPem: string, user: string, identity: KeyPair): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "berth", cluster: { server, "certificate-authority-data": base64(caCertPem) } }],
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": base64(identity.certPem),
          "client-key-data": base64(identity.keyPem),
        },
      },
    ],
    contexts: [{ name: "berth", context: { cluster: "berth", user } }],
    "current-context": "berth",
  });
}
