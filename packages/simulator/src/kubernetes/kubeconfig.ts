import { stringify } from "yaml";

/** A kubeconfig with everything inline: no files, no plugins. */
export function kubeconfigText(facts: { server: string; caPem: string; token: string }): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "berth-simulated",
        cluster: { server: facts.server, "certificate-authority-data": Buffer.from(facts.caPem).toString("base64") },
      },
    ],
    users: [{ name: "berth-admin", user: { token: facts.token } }],
    contexts: [{ name: "berth-simulated", context: { cluster: "berth-simulated", user: "berth-admin" } }],
    "current-context": "berth-simulated",
  });
}
