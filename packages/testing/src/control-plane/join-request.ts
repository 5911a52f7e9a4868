import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { waitFor } from "../wait-for.ts";
import { generateKeys, KEY, type KeyPair, toPem } from "./certificates.ts";
import { type KubeApi, kubeApi } from "./kube-api.ts";

export interface JoinRequest {
  /** The CertificateSigningRequest that now waits for approval. */
  readonly csrName: string;
  /** Resolves once somebody approved it and the signer issued: the identity `system:node:NAME`. */
  untilIssued(timeoutMs: number): Promise<KeyPair>;
}

const CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/**
 * What a booting kubelet does first: asks for its certificate with the bootstrap token (a CSR for system:node:NAME, signer
 * kubernetes.io/kube-apiserver-client-kubelet).
 *
 * Refuses with the API server's answer, such as 401 for a token that is gone.
 */
export async function requestToJoin(join: {
  readonly apiServerUrl: string;
  readonly caCertPem: string;
  readonly token: string;
  readonly nodeName: string;
}): Promise<JoinRequest> {
  const keys = await generateKeys();
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ["system:nodes"] }, { CN: [`system:node:${join.nodeName}`] }],
    keys,
    signingAlgorithm: KEY,
  });
  const api = kubeApi(join.apiServerUrl, join.caCertPem, { token: join.token });
  const answer = await api.post(CSRS, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "node-csr-" },
    spec: {
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: ["digital signature", "client auth"],
      request: Buffer.from(`${request.toString("pem")}\n`).toString("base64"),
    },
  });
  if (answer.status !== 201) {
    await api.close();
    throw new Error(`the request to join was refused with ${answer.status}: ${answer.body.message}`);
  }
  const csrName: string = answer.body.metadata.name;
  return {
    csrName,
    untilIssued: async (timeoutMs) => ({
      certPem: await certificateOf(api, csrName, timeoutMs),
      keyPem: await toPem(keys.privateKey),
    }),
  };
}

async function certificateOf(api: KubeApi, csrName: string, timeoutMs: number): Promise<string> {
  try {
    const find = async () => (await api.get(`${CSRS}/${csrName}`)).body.status?.certificate as string | undefined;
    return Buffer.from(await waitFor(find, { timeoutMs, what: `${csrName} to be issued` }), "base64").toString();
  } finally {
    await api.close();
  }
}
