import { type Cluster, type Controller, nowText } from "./cluster.ts";
import { hasCondition, setCondition } from "./conditions.ts";
import type { CertificateSigningRequest } from "./objects.ts";
import { SYSTEM } from "./registry.ts";
import { CERTIFICATE_REQUESTS, type Resource } from "./resources.ts";
import { WorkQueue } from "./work-queue.ts";
import { type Authority, issueCertificate, type ParsedRequest, parseRequest } from "./x509.ts";

const KUBELET_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";
const YEAR_MS = 365 * 24 * 3_600_000;
/** Issued and refused requests are forgotten after an hour, pending ones after a day. */
const KEPT_MS = 3_600_000;
const KEPT_PENDING_MS = 24 * KEPT_MS;

/** Issues certificates for approved requests of the two client signers, as kube-controller-manager does; approves nothing. */
export function createCertificateController(cluster: Cluster, authority: () => Authority): Controller {
  const queue = new WorkQueue(cluster.clock, cluster.timings.signCertificateMs, (name) => sync(name));
  const cleaner = new WorkQueue(cluster.clock, KEPT_MS, (name) => forget(name));
  cluster.store.onChange(({ resource, object, type }) => {
    if (resource !== (CERTIFICATE_REQUESTS as Resource) || type === "DELETED") return;
    queue.add(object.metadata.name);
    cleaner.add(object.metadata.name, isSettled(object as CertificateSigningRequest) ? KEPT_MS : KEPT_PENDING_MS);
  });

  function sync(name: string): void {
    const request = cluster.store.get(CERTIFICATE_REQUESTS, undefined, name);
    if (request === undefined || !hasCondition(request.status.conditions, "Approved")) return;
    if (request.status.certificate !== undefined || hasCondition(request.status.conditions, "Failed")) return;
    const { signerName } = request.spec;
    if (signerName !== KUBELET_SIGNER && signerName !== CLIENT_SIGNER) return;
    const parsed = parseRequest(Buffer.from(request.spec.request, "base64").toString());
    const fault = parsed === undefined ? "unable to parse csr" : signerFault(request, parsed);
    cluster.registry.update(
      CERTIFICATE_REQUESTS,
      undefined,
      name,
      (draft) => {
        if (parsed === undefined || fault !== undefined) {
          const condition = {
            type: "Failed",
            status: "True" as const,
            reason: "SignerValidationFailure",
            message: fault ?? "",
          };
          draft.status.conditions = setCondition(draft.status.conditions, condition, nowText(cluster));
        } else draft.status.certificate = Buffer.from(issue(request, parsed)).toString("base64");
      },
      { ...SYSTEM, part: "status" },
    );
  }

  function issue(request: CertificateSigningRequest, parsed: ParsedRequest): string {
    const { key, subject } = authority();
    const now = cluster.clock.now();
    const asked = request.spec.expirationSeconds;
    return issueCertificate(
      {
        subject: parsed.subject,
        publicKey: parsed.publicKey,
        serial: cluster.identity.bytes(`serial/${request.metadata.uid}`).subarray(0, 15),
        notBefore: now - 300_000,
        notAfter: now + (asked === undefined ? YEAR_MS : Math.min(YEAR_MS, asked * 1000)),
        usages: ["client"],
      },
      subject,
      key,
    );
  }

  function forget(name: string): void {
    const request = cluster.store.get(CERTIFICATE_REQUESTS, undefined, name);
    if (request === undefined) return;
    const age = cluster.clock.now() - Date.parse(request.metadata.creationTimestamp ?? "");
    const limit = isSettled(request) ? KEPT_MS : KEPT_PENDING_MS;
    if (age >= limit) cluster.registry.remove(CERTIFICATE_REQUESTS, undefined, name, {}, SYSTEM);
    else cleaner.add(name, limit - age);
  }

  return {
    resync() {
      for (const request of cluster.store.all(CERTIFICATE_REQUESTS)) {
        queue.add(request.metadata.name);
        cleaner.add(request.metadata.name);
      }
    },
    stop() {
      queue.stop();
      cleaner.stop();
    },
  };
}

function isSettled(request: CertificateSigningRequest): boolean {
  return (
    request.status.certificate !== undefined ||
    ["Denied", "Failed"].some((type) => hasCondition(request.status.conditions, type))
  );
}

/** What the kubelet client signer refuses (pkg/apis/certificates/v1 helpers, ValidateKubeletClientCSR). */
function signerFault(request: CertificateSigningRequest, { subject }: ParsedRequest): string | undefined {
  if (request.spec.signerName !== KUBELET_SIGNER) return undefined;
  if (subject.organizations.length !== 1 || subject.organizations[0] !== "system:nodes")
    return "organization is not system:nodes";
  if (!subject.commonName.startsWith("system:node:")) return "subject common name does not begin with system:node:";
  const usages = new Set(request.spec.usages ?? []);
  if (!usages.has("client auth") || !usages.has("digital signature"))
    return "usages did not match [client auth, digital signature]";
  return undefined;
}
