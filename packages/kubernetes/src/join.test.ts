import type { CertificateSigningRequest } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { approvalOf, type CsrFault } from "./join.ts";
import { type Extension, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "./x509.ts";

const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const expected = { tokenId: "abcdef", nodeName: "mac-01" };

async function requestOf(name: string, extensions: Extension[] = []): Promise<string> {
  const keys = await crypto.subtle.generateKey(KEYS, false, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: KEYS, extensions });
  return Buffer.from(request.toString("pem")).toString("base64");
}

async function csr(
  spec: Partial<CertificateSigningRequest["spec"]> = {},
  name = "O=system:nodes,CN=system:node:mac-01",
): Promise<CertificateSigningRequest> {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "csr-1", uid: "u" },
    spec: {
      request: await requestOf(name),
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      username: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:bootstrappers:berth", "system:authenticated"],
      usages: ["digital signature", "client auth"],
      ...spec,
    },
  };
}

describe("approvalOf", () => {
  it("approves the expected machine's request, with an RSA key too", async () => {
    expect(approvalOf(await csr(), expected)).toEqual({ outcome: "approve" });
    const usages = ["key encipherment", "digital signature", "client auth"];
    expect(approvalOf(await csr({ usages }), expected)).toEqual({ outcome: "approve" });
  });

  const refused: [CsrFault, string, Partial<CertificateSigningRequest["spec"]>, string?][] = [
    ["signer", "another signer", { signerName: "kubernetes.io/kube-apiserver-client" }],
    ["username", "another machine's token", { username: "system:bootstrap:zzzzzz" }],
    ["username", "a node that asks for another's name", { username: "system:node:mac-02" }],
    ["groups", "a token of kubeadm's", { groups: ["system:bootstrappers:kubeadm:default-node-token"] }],
    ["usages", "a server certificate", { usages: ["digital signature", "client auth", "server auth"] }],
    ["usages", "no usages", { usages: [] }],
    ["unreadable", "no PEM", { request: Buffer.from("hello").toString("base64") }],
    ["node_name", "another node's name", {}, "O=system:nodes,CN=system:node:mac-02"],
    ["subject", "the group of masters", {}, "O=system:masters,CN=system:node:mac-01"],
    ["subject", "a second organization", {}, "O=system:nodes+O=system:masters,CN=system:node:mac-01"],
    ["subject", "a second organization apart", {}, "O=system:nodes,O=system:masters,CN=system:node:mac-01"],
    ["subject", "a second name", {}, "O=system:nodes,CN=system:node:mac-01,CN=admin"],
    ["subject", "no organization", {}, "CN=system:node:mac-01"],
  ];
  it.each(refused)("refuses by %s: %s", async (reason, _what, spec, name) => {
    expect(approvalOf(await csr(spec, name), expected)).toMatchObject({ outcome: "refuse", reason });
  });

  it("refuses alternative names", async () => {
    const names = new SubjectAlternativeNameExtension([{ type: "dns", value: "kubernetes" }]);
    const request = await requestOf("O=system:nodes,CN=system:node:mac-01", [names]);
    expect(approvalOf(await csr({ request }), expected)).toMatchObject({ reason: "alternative_names" });
  });
});
