import { X509Certificate } from "node:crypto";
import { Agent, fetch } from "undici";
import { describe, expect, it } from "vitest";
import { realSimulationClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { callerOfCertificate } from "./authentication.ts";
import { startKubernetesServer } from "./http-server.ts";
import { createKubernetesModel } from "./model.ts";
import { createAuthority, createRequest, issueCertificate, keyFromSeed, parseRequest } from "./x509.ts";

const subject = { commonName: "system:node:mac-1", organizations: ["system:nodes"] };
const key = keyFromSeed(Buffer.alloc(32, 7));

function issue(authority: ReturnType<typeof createAuthority>): string {
  const request = parseRequest(createRequest(subject, key));
  if (request === undefined) throw new Error("the request cannot be read");
  const now = Date.now();
  const facts = {
    subject,
    publicKey: request.publicKey,
    serial: Buffer.from([9]),
    notBefore: now - 1_000,
    notAfter: now + 60_000,
  };
  return issueCertificate({ ...facts, usages: ["client"] }, authority.subject, authority.key);
}

describe("certificates", () => {
  it("are what OpenSSL reads and verifies", () => {
    const authority = createAuthority("test", Buffer.alloc(32, 1));
    const certificate = new X509Certificate(issue(authority));
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(callerOfCertificate(certificate)).toEqual({
      username: "system:node:mac-1",
      groups: ["system:nodes", "system:authenticated"],
    });
  });

  it("come from requests whose signature holds, and no others", () => {
    const pem = createRequest(subject, key);
    expect(parseRequest(pem)?.subject).toEqual(subject);
    const body = pem.split("\n").slice(1, -2).join("");
    const bytes = Buffer.from(body, "base64");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(
      parseRequest(
        `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----`,
      ),
    ).toBeUndefined();
    expect(parseRequest("nothing")).toBeUndefined();
  });

  it("let their holder in over TLS, as who they say, and a stranger's do not", async () => {
    const model = createKubernetesModel({ clock: realSimulationClock(), random: seededRandom(1) });
    const server = await startKubernetesServer({ model });
    const keyPem = key.export({ format: "pem", type: "pkcs8" }).toString();
    const ask = async (cert: string): Promise<number> => {
      const dispatcher = new Agent({ connect: { ca: server.ca, cert, key: keyPem } });
      const { status } = await fetch(`${server.url}/api/v1/nodes`, { dispatcher });
      await dispatcher.close();
      return status;
    };
    expect(await ask(issue(model.authority))).toBe(200);
    expect(await ask(issue(createAuthority("other", Buffer.alloc(32, 2))))).toBe(403);
    model.close();
    await server.close();
  });
});
