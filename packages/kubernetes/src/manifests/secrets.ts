import type { Secret } from "@berth/ports";
import { type Anchor, type ClusterManifestInput, ownedMeta } from "./input.ts";

export const TLS_SECRET = "tls";
export const USERS_SECRET = "users";

/** Certificates of the cluster. The CA's key is not among them: it stays with us. */
export function tlsSecretManifest(input: ClusterManifestInput, anchor: Anchor): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: ownedMeta(input, anchor, TLS_SECRET),
    type: "kubernetes.io/tls",
    data: base64Of({ "ca.crt": input.tls.caCertPem, "tls.crt": input.tls.certPem, "tls.key": input.tls.keyPem }),
  };
}

/** The files by which the engine knows Berth's own user, from the first start on. */
export function usersSecretManifest(input: ClusterManifestInput, anchor: Anchor): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: ownedMeta(input, anchor, USERS_SECRET),
    type: "Opaque",
    data: base64Of(input.userFiles),
  };
}

function base64Of(files: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(files).sort();
  return Object.fromEntries(names.map((name) => [name, Buffer.from(files[name] ?? "", "utf8").toString("base64")]));
}
