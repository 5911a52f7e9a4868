import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { issue, type KeyPair, makeAuthority, storedKeyPair } from "./certificates.ts";
import { kubeconfigYaml } from "./kubeconfig.ts";

/** Who is who in the control plane. The paths are files in the data folder, as the components want them. */
export interface Identities {
  readonly folder: string;
  readonly authority: KeyPair;
  readonly admin: KeyPair;
  /** The path of NAME.crt or NAME.key. */
  file(name: string): string;
  /** A kubeconfig of a component, as a file. */
  kubeconfigFile(component: string): string;
}

/** What clients may call the API server: its address, and the names inside of a cluster. */
const SERVER_NAMES = {
  dns: [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ],
  ips: ["127.0.0.1", "10.96.0.1"],
};

/** Users that RBAC's bootstrap policy knows: their roles are there from the start. */
const COMPONENT_USERS = ["kube-controller-manager", "kube-scheduler"];

/** Reads the identities from the folder; makes those that are missing. */
export async function prepareIdentities(folder: string, apiServerUrl: string): Promise<Identities> {
  const authority = await storedKeyPair(folder, "ca", () => makeAuthority("berth-kubernetes"));
  // Aggregated API servers trust whoever this one names: it must not be the authority of the clients.
  const frontProxy = await storedKeyPair(folder, "front-proxy-ca", () => makeAuthority("berth-front-proxy"));
  await storedKeyPair(folder, "front-proxy-client", () => issue(frontProxy, { commonName: "front-proxy-client" }));
  await storedKeyPair(folder, "apiserver", () =>
    issue(authority, { commonName: "kube-apiserver", names: SERVER_NAMES }),
  );
  await storedKeyPair(folder, "service-account", async () => makeSigningKey());
  const admin = await storedKeyPair(folder, "admin", () =>
    issue(authority, { commonName: "kubernetes-admin", organizations: ["system:masters"] }),
  );
  const kubeconfigFile = (component: string) => join(folder, `${component}.kubeconfig`);
  for (const component of COMPONENT_USERS) {
    const user = `system:${component}`;
    const identity = await storedKeyPair(folder, component, () => issue(authority, { commonName: user }));
    const yaml = kubeconfigYaml(apiServerUrl, authority.certPem, user, identity);
    writeFileSync(kubeconfigFile(component), yaml, { mode: 0o600 });
  }
  return { folder, authority, admin, file: (name) => join(folder, name), kubeconfigFile };
}

/** Signs service accounts' tokens. Its "certificate" is the bare public key. */
function makeSigningKey(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    certPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
