import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { issue, makeAuthority } from "./certificates.ts";

it("issues certificates that OpenSSL, inside Node, verifies against the authority", async () => {
  const authority = await makeAuthority("berth-test");
  const root = new X509Certificate(authority.certPem);
  const names = { dns: ["localhost"], ips: ["127.0.0.1"] };
  const server = new X509Certificate((await issue(authority, { commonName: "kube-apiserver", names })).certPem);
  const organizations = ["system:masters", "people"];
  const client = new X509Certificate((await issue(authority, { commonName: "admin", organizations })).certPem);

  expect([root.ca, server.ca, client.ca]).toEqual([true, false, false]);
  for (const issued of [server, client]) {
    expect(issued.checkIssued(root)).toBe(true);
    expect(issued.verify(root.publicKey)).toBe(true);
  }
  expect([server.checkIP("127.0.0.1"), server.checkHost("localhost")]).toEqual(["127.0.0.1", "localhost"]);
  expect(client.subject).toBe("O=system:masters\nO=people\nCN=admin");
  expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]); // clientAuth
});
