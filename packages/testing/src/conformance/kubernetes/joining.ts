import assert from "node:assert/strict";
import { randomBytes, X509Certificate } from "node:crypto";
import "reflect-metadata";
import { approvalOf, bootstrapTokenSecret } from "@berth/kubernetes";
import { type CertificateSigningRequest, isPortError, type Kubernetes } from "@berth/ports";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { waitFor } from "../../wait-for.ts";
import { type KubernetesCase, type KubernetesEnv, unique } from "./env.ts";

const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

async function newToken(kube: Kubernetes): Promise<{ id: string; token: string }> {
  const [id, secret] = [randomBytes(3).toString("hex"), randomBytes(8).toString("hex")];
  const expiresAt = new Date(Date.now() + 600_000);
  await kube.create(bootstrapTokenSecret({ tokenId: id, tokenSecret: secret, expiresAt, machineId: "mac_test" }));
  return { id, token: `${id}.${secret}` };
}

/** Asks as a booting machine does. The token may take a moment to be known. */
async function ask(machine: Kubernetes, env: KubernetesEnv, nodeName: string): Promise<CertificateSigningRequest> {
  const keys = await crypto.subtle.generateKey(KEYS, false, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `O=system:nodes,CN=system:node:${nodeName}`,
    keys,
    signingAlgorithm: KEYS,
  });
  const object: CertificateSigningRequest = {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: unique("csr") },
    spec: {
      request: Buffer.from(`${request.toString("pem")}\n`).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: ["digital signature", "client auth"],
    },
  };
  return await waitFor(() => machine.create(object), { timeoutMs: env.patienceMs, what: "the token to be known" });
}

/** Bootstrap tokens and certificate requests. */
export const JOINING_CASES: readonly KubernetesCase[] = [
  {
    name: "a machine's request waits, passes Berth's checks, is approved once and issued for that node alone",
    run: async (kube, env) => {
      const { id, token } = await newToken(kube);
      const nodeName = unique("mac");
      const machine = env.asToken(token);
      const { metadata } = await ask(machine, env, nodeName);
      const seen = await kube.read("CertificateSigningRequest", metadata);
      if (seen === undefined) throw new Error("the request is gone");
      assert.equal(seen.status?.certificate, undefined);
      assert.deepEqual(approvalOf(seen, { tokenId: id, nodeName }), { outcome: "approve" });
      const forAnother = approvalOf(seen, { tokenId: id, nodeName: "mac-other" });
      assert.equal(forAnother.outcome === "refuse" && forAnother.reason, "node_name");
      const wrongToken = approvalOf(seen, { tokenId: "zzzzzz", nodeName });
      assert.equal(wrongToken.outcome === "refuse" && wrongToken.reason, "username");

      const wrong = kube.approveCertificate(metadata.name, "00000000-0000-4000-8000-000000000000", "test");
      await assert.rejects(wrong, (error) => isPortError(error, "conflict"));
      await kube.approveCertificate(metadata.name, seen.metadata.uid ?? "", "launched by Berth");
      await kube.approveCertificate(metadata.name, seen.metadata.uid ?? "", "launched by Berth");
      const issued = await waitFor(
        async () => (await kube.read("CertificateSigningRequest", metadata))?.status?.certificate,
        { timeoutMs: env.patienceMs, what: "the certificate" },
      );
      const certificate = new X509Certificate(Buffer.from(issued, "base64"));
      assert.ok(certificate.subject.includes(`CN=system:node:${nodeName}`));
      assert.ok(certificate.subject.includes("O=system:nodes"));
      machine.close();
    },
  },
  {
    name: "a token may ask for a certificate and nothing else; without its Secret it is worth nothing",
    run: async (kube, env) => {
      const { id, token } = await newToken(kube);
      const machine = env.asToken(token);
      await ask(machine, env, unique("mac"));
      await assert.rejects(machine.list("Secret", { namespace: "kube-system" }), (error) =>
        isPortError(error, "denied"),
      );
      const key = { namespace: "kube-system", name: `bootstrap-token-${id}` };
      const secret = await kube.read("Secret", key);
      await kube.delete("Secret", key, { uid: secret?.metadata.uid ?? "" });
      await waitFor(
        async () => {
          try {
            await machine.version();
            return false;
          } catch (error) {
            return isPortError(error, "denied");
          }
        },
        { timeoutMs: env.patienceMs, what: "the token to be refused" },
      );
      machine.close();
    },
  },
  {
    name: "approving a request that is not there is not_found",
    run: async (kube) => {
      const approve = kube.approveCertificate(unique("csr"), "00000000-0000-4000-8000-000000000000", "test");
      await assert.rejects(approve, (error) => isPortError(error, "not_found"));
    },
  },
];
