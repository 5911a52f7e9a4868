import { BOOTSTRAP_GROUP } from "@berth/domain";
import type { CertificateSigningRequest } from "@berth/ports";
import { Pkcs10CertificateRequest } from "./x509.ts";

export const KUBELET_CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

/** Which machine may ask: known before it boots. */
export interface ExpectedJoin {
  /** Public half of the bootstrap token that this machine alone was given. */
  readonly tokenId: string;
  readonly nodeName: string;
}

export const CSR_FAULTS = [
  "signer",
  "username",
  "groups",
  "usages",
  "unreadable",
  "subject",
  "node_name",
  "alternative_names",
] as const;
export type CsrFault = (typeof CSR_FAULTS)[number];

export type Approval =
  | { readonly outcome: "approve" }
  | { readonly outcome: "refuse"; readonly reason: CsrFault; readonly detail: string };

/**
 * Whether a signing request is the one that an expected machine makes to join: this token, for this node name, for a
 * kubelet's client certificate and nothing more.
 *
 * Stricter than Kubernetes' own auto-approver, which lets any bootstrap token have any node's name: there, one leaked token
 * is every node's identity. Username and groups are set by the API server from the token, so the asker cannot choose them.
 * That one request alone is approved is for the caller to see to, who knows which was before.
 */
export function approvalOf(csr: CertificateSigningRequest, expected: ExpectedJoin): Approval {
  const { signerName, username, groups = [], usages = [] } = csr.spec;
  if (signerName !== KUBELET_CLIENT_SIGNER) return refuse("signer", `signer ${signerName}`);
  if (username !== `system:bootstrap:${expected.tokenId}`)
    return refuse("username", `asked by ${username ?? "nobody"}`);
  if (!groups.includes(BOOTSTRAP_GROUP)) return refuse("groups", `not in ${BOOTSTRAP_GROUP}`);
  if (!areKubeletUsages(usages)) return refuse("usages", `usages ${usages.join(", ")}`);

  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(Buffer.from(csr.spec.request, "base64").toString("utf8"));
  } catch {
    return refuse("unreadable", "the request is not PEM of a PKCS #10 request");
  }
  // One name each and nothing else: a second CN or organization would become a second user name or group.
  const parts = request.subjectName.toJSON().flatMap((part) => Object.entries(part));
  const values = (type: string): string[] => parts.filter(([name]) => name === type).flatMap(([, value]) => value);
  const [commonName, ...moreNames] = values("CN");
  const [organization, ...moreOrganizations] = values("O");
  const isPlain = moreNames.length === 0 && moreOrganizations.length === 0 && parts.length === 2;
  if (!isPlain || organization !== "system:nodes") return refuse("subject", `subject ${request.subject}`);
  if (commonName !== `system:node:${expected.nodeName}`) {
    return refuse("node_name", `asks for ${commonName}, not for ${expected.nodeName}`);
  }
  // A client certificate of a kubelet has no alternative names (the signer refuses them as well).
  if (request.extensions.length > 0) return refuse("alternative_names", "the request has extensions");
  return { outcome: "approve" };
}

/** Exactly what a kubelet asks for: key encipherment only with RSA keys. */
function areKubeletUsages(usages: readonly string[]): boolean {
  const rest = new Set(usages);
  rest.delete("key encipherment");
  return rest.size === 2 && rest.has("digital signature") && rest.has("client auth");
}

function refuse(reason: CsrFault, detail: string): Approval {
  return { outcome: "refuse", reason, detail };
}
