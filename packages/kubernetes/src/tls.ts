import type { webcrypto } from "node:crypto";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { NODE_DN } from "./manifests/engine-config.ts";
import { HTTP_SERVICE, NODES_SERVICE } from "./manifests/services.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "./x509.ts";

/** A certificate with its key, both PEM (the key as PKCS #8). */
export interface CertifiedKey {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface LeafCertificate extends CertifiedKey {
  readonly notAfter: Date;
  /** When a new one should take its place: two thirds of its life are over. */
  readonly renewAt: Date;
}

export const CA_LIFE_DAYS = 5 * 365;
export const LEAF_LIFE_DAYS = 90;

const DAY_MS = 86_400_000;
/** Clocks of nodes may be behind ours. */
const BACKDATE_MS = 5 * 60_000;
const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** The CA of one cluster: signs that cluster's leaf and nothing else, so no cluster's key opens another. */
export async function createClusterCa(clusterId: ClusterId, now: Date): Promise<CertifiedKey> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${namespaceOf(clusterId)} CA,O=berth`,
    keys,
    signingAlgorithm: KEYS,
    serialNumber: serialNumber(),
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter: new Date(now.getTime() + CA_LIFE_DAYS * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: await keyPemOf(keys.privateKey) };
}

/** The name that clients and Berth check a cluster's certificate against. */
export function serverNameOf(clusterId: ClusterId): string {
  return `${HTTP_SERVICE}.${namespaceOf(clusterId)}.svc`;
}

/**
 * The leaf that all pods of a cluster share: server and client at once, as nodes open connections to each other.
 *
 * It names the Services and the pods behind `nodes`, never localhost: a name that everybody has proves nothing.
 * `extraNames` and `extraAddresses` are where customers reach it: a gateway's name, or pod addresses in the simulated world.
 */
export async function issueLeaf(
  ca: CertifiedKey,
  clusterId: ClusterId,
  now: Date,
  extra: { readonly names?: readonly string[]; readonly addresses?: readonly string[] } = {},
): Promise<LeafCertificate> {
  const issuer = new X509Certificate(ca.certPem);
  const signingKey = await crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(ca.keyPem), KEYS, false, ["sign"]);
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const notAfter = new Date(Math.min(now.getTime() + LEAF_LIFE_DAYS * DAY_MS, issuer.notAfter.getTime()));
  const certificate = await X509CertificateGenerator.create({
    subject: NODE_DN.split(",").reverse().join(","),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: KEYS,
    serialNumber: serialNumber(),
    notBefore: new Date(now.getTime() - BACKDATE_MS),
    notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(namesOf(clusterId, extra)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  const lifeMs = notAfter.getTime() - now.getTime();
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: await keyPemOf(keys.privateKey),
    notAfter,
    renewAt: new Date(now.getTime() + Math.floor((lifeMs * 2) / 3)),
  };
}

function namesOf(
  clusterId: ClusterId,
  extra: { readonly names?: readonly string[]; readonly addresses?: readonly string[] },
): JsonGeneralName[] {
  const namespace = namespaceOf(clusterId);
  const names = [
    serverNameOf(clusterId),
    `${serverNameOf(clusterId)}.cluster.local`,
    `${NODES_SERVICE}.${namespace}.svc`,
    `*.${NODES_SERVICE}.${namespace}.svc`,
    `*.${NODES_SERVICE}.${namespace}.svc.cluster.local`,
    ...(extra.names ?? []),
  ];
  return [
    ...names.map((value): JsonGeneralName => ({ type: "dns", value })),
    ...(extra.addresses ?? []).map((value): JsonGeneralName => ({ type: "ip", value })),
  ];
}

/** 127 random bits, positive: RFC 5280 allows 20 octets and wants no sign bit. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

async function keyPemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;
}
