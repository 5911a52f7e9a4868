import { execFileSync } from "node:child_process";
import { X509Certificate as NodeCertificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { issue, makeAuthority } from "./certificates.ts";

it("issues certificates that node and openssl verify against the authority", async () => {
  const authority = await makeAuthority("berth-test");
  const server = await issue(authority, {
    commonName: "kube-apiserver",
    names: { dns: ["localhost"], ips: ["127.0.0.1"] },
  });
  const client = await issue(authority, { commonName: "admin", organizations: ["system:masters", "people"] });

  const parsed = new NodeCertificate(server.certPem);
  expect(parsed.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(parsed.checkHost("localhost")).toBe("localhost");
  expect(parsed.verify(new NodeCertificate(authority.certPem).publicKey)).toBe(true);
  expect(new NodeCertificate(client.certPem).subject).toBe("O=system:masters\nO=people\nCN=admin");

  const folder = mkdtempSync(join(tmpdir(), "berth-certificates-"));
  try {
    writeFileSync(join(folder, "ca"), authority.certPem);
    writeFileSync(join(folder, "client"), client.certPem);
    const args = ["verify", "-purpose", "sslclient", "-CAfile", "ca", "client"];
    expect(execFileSync("openssl", args, { cwd: folder, encoding: "utf8" })).toContain("client: OK");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
