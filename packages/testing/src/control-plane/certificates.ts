/**
 * The certificates of a throwaway control plane: an authority of its own, P-256 keys, a year of life.
 *
 * They lie in the data folder, so that a control plane that starts again on it is the same one: kubeconfigs, nodes'
 * certificates and service account tokens that were given out before stay good.
 */
// The library under @peculiar/x509 wants it loaded first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

export const KEY = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const LIFE_MS = 365 * 24 * 3_600_000;
/** Clocks that differ a little must not refuse a certificate that is minutes old. */
const BACKDATE_MS = 5 * 60_000;

export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificateRequest {
  /** The user, in a client certificate. */
  readonly commonName: string;
  /** The groups, in a client certificate. */
  readonly organizations?: readonly string[];
  /** Present in a server's certificate alone. */
  readonly names?: { readonly dns: readonly string[]; readonly ips: readonly string[] };
}

/** Gives what `NAME.crt` and `NAME.key` in the folder hold, made first when they are not there. */
export async function storedKeyPair(folder: string, name: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  if (!existsSync(key)) {
    const made = await make();
    mkdirSync(folder, { recursive: true });
    writeFileSync(cert, made.certPem);
    writeFileSync(key, made.keyPem, { mode: 0o600 });
  }
  return { certPem: readFileSync(cert, "utf8"), keyPem: readFileSync(key, "utf8") };
}

/** A self-signed authority. */
export async function makeAuthority(commonName: string): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: KEY,
    serialNumber: serialNumber(),
    ...life(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
    ],
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: await toPem(keys.privateKey) };
}

/** A certificate that the authority signs: of a server when it has names, else of a client. */
export async function issue(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.certPem);
  const usage = request.names === undefined ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
  const { dns = [], ips = [] } = request.names ?? {};
  const certificate = await X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    subject: [
      ...(request.organizations ?? []).map((organization) => ({ O: [organization] })),
      { CN: [request.commonName] },
    ],
    publicKey: keys.publicKey,
    signingKey: await fromPem(authority.keyPem),
    signingAlgorithm: KEY,
    serialNumber: serialNumber(),
    ...life(),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      ...(request.names === undefined
        ? []
        : [
            new SubjectAlternativeNameExtension([
              ...dns.map((value) => ({ type: "dns" as const, value })),
              ...ips.map((value) => ({ type: "ip" as const, value })),
            ]),
          ]),
    ],
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: await toPem(keys.privateKey) };
}

export async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

/** PKCS #8, which Go and Node both read. */
export async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{1,64}/g, "$&\n")}-----END PRIVATE KEY-----\n`;
}

async function fromPem(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return (await webcrypto.subtle.importKey("pkcs8", der, KEY, false, ["sign"])) as webcrypto.CryptoKey;
}

const serialNumber = (): string => Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString("hex");

function life(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + LIFE_MS) };
}
